"""Counters that an operator watches."""

from prometheus_client import Counter

METHOD_TYPE_NOT_OFFERED = Counter(
    "assent_payment_method_type_not_offered",
    "Setup sessions in which Stripe did not offer a type that was asked for.",
    ["type"],
)

EVENTS_FAILED = Counter(
    "assent_stripe_events_failed",
    "Events of Stripe's that were given up after their last attempt.",
    ["type"],
)

EVENTS_SWEPT = Counter(
    "assent_stripe_events_swept",
    "Events of Stripe's that no delivery had brought, found in its own list.",
    ["type"],
)

RENEWALS_HELD = Counter(
    "assent_renewals_held",
    "Invoices and subscriptions that were kept from being collected, or were charged without a consent, by the reason.",
    ["reason"],
)
