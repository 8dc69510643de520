"""What is kept of subscriptions, and of all that is billed, paid and given back, by GraphQL's names.

Another object is told by its id, one that Stripe's own objects name by Stripe's. Addresses and secrets that open
something are left out: they would outlive their time.
"""

from typing import Any

from billing.journal.words import (
    Journaled,
    Values,
    amount,
    failure,
    instant,
    made,
    money,
    node,
    period,
    plain,
    time,
    word,
)
from billing.tables import Invoice, OperationStatus, Subscription


def _declined(row: Values) -> dict[str, Any] | None:
    found = failure("The payment was declined.")(row)
    return None if found is None else {**found, "declineCode": row["failure_decline_code"]}


def _pause(row: Values) -> dict[str, Any] | None:
    if row["paused_at"] is None:
        return None
    return {
        "since": instant(row["paused_at"]),
        "resumesAt": instant(row["pause_resumes_at"]),
        "collectionOnly": bool(row["pause_collection_only"]),
    }


def _attention(row: Values) -> dict[str, Any] | None:
    if row["ended_at"] is not None:
        return None
    return {"reason": row["reason"], "message": row["message"]}


def _outcome(row: Values) -> dict[str, Any] | None:
    return {"reason": "OUTCOME_UNKNOWN"} if row["status"] == OperationStatus.UNKNOWN else None


def _item(row: Values) -> dict[str, Any]:
    return {
        "price": row["price_stripe_id"],
        "quantity": row["quantity"],
        "currentPeriod": period(row["current_period_start"], row["current_period_end"]),
    }


def _line(row: Values) -> dict[str, Any]:
    return {
        "description": row["description"],
        "amount": amount(row["amount"], row["currency"]),
        "quantity": row["quantity"],
        "period": period(row["period_start"], row["period_end"]),
        "proration": row["proration"],
    }


SUBSCRIPTION = Journaled(
    "subscription",
    (
        plain("managed", "managed"),
        node("consent", "consent", "consent_id"),
        plain("paymentMethod", "payment_method_stripe_id"),
        word("status", "status"),
        plain("stripeStatus", "status"),
        made(
            "currentPeriod",
            "current_period_start current_period_end",
            lambda row: period(row["current_period_start"], row["current_period_end"]),
        ),
        time("trialEndsAt", "trial_end"),
        plain("cancelAtPeriodEnd", "cancel_at_period_end"),
        time("cancelAt", "cancel_at"),
        time("canceledAt", "canceled_at"),
        time("endedAt", "ended_at"),
        made("pause", "paused_at pause_resumes_at pause_collection_only", _pause),
        plain("latestInvoice", "latest_invoice_stripe_id"),
        plain("metadata", "stripe_metadata", customers=False, personal=True),
        plain("stripeId", "stripe_id"),
    ),
    owner="customer_id",
)
SUBSCRIPTION_ITEM = Journaled(
    "subscription",
    (made("items", "price_stripe_id quantity current_period_start current_period_end", _item),),
    parent=(Subscription, "id", "subscription_id"),
    listed="created_at",
)
HOLD = Journaled(
    "subscription",
    (made("attention", "reason message ended_at", _attention),),
    parent=(Subscription, "id", "subscription_id"),
)
OPERATION = Journaled(
    "subscription",
    (made("attention", "status", _outcome),),
    parent=(Subscription, "id", "node_id"),
)
INVOICE = Journaled(
    "invoice",
    (
        word("status", "status"),
        plain("subscription", "subscription_stripe_id"),
        plain("number", "number"),
        plain("billingReason", "billing_reason"),
        money("subtotal", "subtotal"),
        money("tax", "tax"),
        money("total", "total"),
        money("amountDue", "amount_due"),
        money("amountPaid", "amount_paid"),
        plain("attemptCount", "attempt_count"),
        time("nextPaymentAttemptAt", "next_payment_attempt_at"),
        plain("stripeId", "stripe_id"),
    ),
    owner="customer_id",
)
INVOICE_LINE = Journaled(
    "invoice",
    (made("lines", "description amount currency quantity period_start period_end proration", _line),),
    parent=(Invoice, "id", "invoice_id"),
    listed="position",
)
INVOICE_PAYMENT = Journaled(
    "invoice",
    (made("payments", "payment_intent_stripe_id", lambda row: row["payment_intent_stripe_id"]),),
    parent=(Invoice, "stripe_id", "invoice_stripe_id"),
    listed="created_at",
)
PAYMENT = Journaled(
    "payment",
    (
        word("status", "status"),
        money("amount", "amount"),
        plain("paymentMethod", "payment_method_stripe_id"),
        node("consent", "consent", "consent_id"),
        plain("description", "description"),
        made(
            "failure",
            "failure_code failure_decline_code failure_message",
            _declined,
            customers=False,
        ),
        plain("metadata", "stripe_metadata", customers=False, personal=True),
        plain("stripeId", "stripe_id"),
    ),
    owner="customer_id",
)


OF_PAYMENTS = (
    plain("payment", "payment_stripe_id"),
    money("amount", "amount"),
    word("status", "status"),
)
REFUND = Journaled("refund", (*OF_PAYMENTS, word("reason", "reason"), plain("stripeId", "stripe_id")), "customer_id")
DISPUTE = Journaled(
    "dispute",
    (
        *OF_PAYMENTS,
        plain("reason", "reason"),
        time("evidenceDueAt", "evidence_due_at"),
        time("evidenceSubmittedAt", "evidence_submitted_at"),
        plain("stripeId", "stripe_id"),
    ),
    owner="customer_id",
)
