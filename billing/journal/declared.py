"""What is kept of which table, by GraphQL's names.

Another object is told by its id, one that Stripe's own objects name by Stripe's. Addresses and secrets that open
something are left out: they would outlive their time. So are events and operations, which are the causes.
"""

from typing import Any

from billing.journal.words import (
    Journaled,
    Values,
    amount,
    instant,
    interval,
    made,
    money,
    node,
    period,
    plain,
    time,
    word,
)
from billing.tables import (
    Consent,
    Customer,
    Dispute,
    Hold,
    Invoice,
    InvoiceLine,
    InvoicePayment,
    Mandate,
    Operation,
    OperationStatus,
    Payment,
    PaymentMethod,
    Price,
    Product,
    Refund,
    SetupIntent,
    SetupSession,
    Subscription,
    SubscriptionItem,
    Terms,
)


def _consent_status(row: Values) -> str:
    if row["revoked_at"] is not None:
        return "REVOKED"
    if row["superseded_by_id"] is not None:
        return "SUPERSEDED"
    return "ACTIVE" if row["used_by_id"] is None else "USED"


def _scope(row: Values) -> dict[str, Any]:
    return {
        "usage": row["usage"],
        "interval": interval(row["interval_unit"], row["interval_count"]),
        "currency": row["currency"],
        "maximumAmount": amount(row["maximum_amount"], row["currency"]),
        "monthlyMaximum": amount(row["monthly_maximum"], row["currency"]),
        "maximumSubscriptions": row["maximum_subscriptions"],
    }


def _evidence(row: Values) -> dict[str, Any]:
    return {"ipAddress": row["ip_address"], "userAgent": row["user_agent"], "locale": row["locale"]}


def _failure(default: str) -> Any:
    def write(row: Values) -> dict[str, Any] | None:
        if row["failure_code"] is None:
            return None
        return {"code": row["failure_code"], "message": row["failure_message"] or default}

    return write


def _declined(row: Values) -> dict[str, Any] | None:
    found = _failure("The payment was declined.")(row)
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


CUSTOMER = Journaled(
    "customer",
    (
        plain("externalId", "external_id"),
        plain("stripeId", "stripe_id"),
        plain("email", "email", personal=True),
        plain("name", "name", personal=True),
        plain("metadata", "stripe_metadata", customers=False, personal=True),
        plain("defaultPaymentMethod", "default_payment_method_stripe_id"),
        time("deletedAt", "deleted_at"),
    ),
    owner="id",
)
TERMS = Journaled(
    "terms",
    tuple(plain(each, each) for each in ("slug", "locale", "version", "title", "usage", "sha256")),
)
CONSENT = Journaled(
    "consent",
    (
        node("terms", "terms", "terms_id"),
        made(
            "scope",
            "usage interval_unit interval_count currency maximum_amount monthly_maximum maximum_subscriptions",
            _scope,
        ),
        made("status", "revoked_at superseded_by_id used_by_id", _consent_status),
        made("evidence", "ip_address user_agent locale", _evidence, personal=True),
        time("expiresAt", "expires_at"),
        time("revokedAt", "revoked_at"),
    ),
    owner="customer_id",
)
PAYMENT_METHOD = Journaled(
    "payment_method",
    (
        word("type", "stripe_type"),
        made("status", "detached_at", lambda row: "USABLE" if row["detached_at"] is None else "DETACHED"),
        plain("brand", "brand"),
        plain("last4", "last4"),
        plain("expMonth", "exp_month"),
        plain("expYear", "exp_year"),
        plain("buyerEmail", "billing_email", personal=True),
        plain("buyerName", "billing_name", personal=True),
        plain("stripeId", "stripe_id"),
    ),
    owner="customer_id",
)
MANDATE = Journaled(
    "payment_method",
    (made("status", "status", lambda row: "MANDATE_INACTIVE" if row["status"] == "inactive" else "USABLE"),),
    parent=(PaymentMethod, "stripe_id", "payment_method_stripe_id"),
)
SETUP_SESSION = Journaled(
    "setup_session",
    (
        word("status", "status"),
        node("consent", "consent", "consent_id"),
        made("offeredTypes", "offered_types", lambda row: [each.upper() for each in row["offered_types"]]),
        plain("stripeCheckoutSessionId", "stripe_id"),
        plain("stripeSetupIntentId", "setup_intent_stripe_id"),
        time("expiresAt", "expires_at"),
    ),
    owner="customer_id",
)
SETUP_INTENT = Journaled(
    "setup_session",
    (
        word("setupStatus", "status"),
        plain("paymentMethod", "payment_method_stripe_id"),
        made("failure", "failure_code failure_message", _failure("The payment method could not be saved.")),
    ),
    parent=(SetupSession, "setup_intent_stripe_id", "stripe_id"),
)
PRODUCT = Journaled(
    "product",
    (
        plain("name", "name"),
        plain("description", "description"),
        plain("active", "active"),
        plain("stripeId", "stripe_id"),
    ),
)
PRICE = Journaled(
    "price",
    (
        node("product", "product", "product_id"),
        plain("lookupKey", "lookup_key"),
        plain("currency", "currency"),
        money("unitAmount", "unit_amount"),
        made(
            "interval",
            "interval_unit interval_count",
            lambda row: interval(row["interval_unit"], row["interval_count"]),
        ),
        plain("trialDays", "trial_days"),
        plain("selfService", "self_service"),
        plain("active", "active"),
        plain("stripeId", "stripe_id"),
    ),
)


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

JOURNALED: dict[type[Any], Journaled] = {
    Customer: CUSTOMER,
    Terms: TERMS,
    Consent: CONSENT,
    PaymentMethod: PAYMENT_METHOD,
    Mandate: MANDATE,
    SetupSession: SETUP_SESSION,
    SetupIntent: SETUP_INTENT,
    Product: PRODUCT,
    Price: PRICE,
    Subscription: SUBSCRIPTION,
    SubscriptionItem: SUBSCRIPTION_ITEM,
    Hold: HOLD,
    Operation: OPERATION,
    Invoice: INVOICE,
    InvoiceLine: INVOICE_LINE,
    InvoicePayment: INVOICE_PAYMENT,
    Payment: PAYMENT,
    Refund: REFUND,
    Dispute: DISPUTE,
}

NOUNS = tuple(dict.fromkeys(each.noun for each in JOURNALED.values()))
# By noun, the fields whose values a redaction takes away.
PERSONAL = {
    noun: frozenset(
        field.name for each in JOURNALED.values() if each.noun == noun for field in each.fields if field.personal
    )
    for noun in NOUNS
}
