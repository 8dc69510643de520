"""What is kept of customers, what they agreed to, how they pay, and what is sold, by GraphQL's names.

Another object is told by its id, one that Stripe's own objects name by Stripe's. Addresses and secrets that open
something are left out: they would outlive their time.
"""

from typing import Any

from billing.journal.words import (
    Journaled,
    Values,
    amount,
    failure,
    interval,
    made,
    money,
    node,
    plain,
    time,
    word,
)
from billing.tables import PaymentMethod, SetupSession


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
        made("failure", "failure_code failure_message", failure("The payment method could not be saved.")),
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
