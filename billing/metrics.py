"""Counters that an operator watches. Every label has few values: none is an id, or any text of somebody else's."""

from prometheus_client import Counter, Gauge, Histogram

# Seconds. A read takes a thousandth; a call to Stripe that is retried until it is given up, a minute.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

METHOD_TYPE_NOT_OFFERED = Counter(
    "assent_payment_method_type_not_offered",
    "Setup sessions in which Stripe did not offer a type that was asked for.",
    ["type"],
)

EVENTS = Counter(
    "assent_stripe_events",
    "What came of Stripe's events: applied, skipped, postponed, retried, or failed after the last attempt.",
    ["type", "outcome"],
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

STRIPE_SECONDS = Histogram(
    "assent_stripe_seconds",
    "Time of a call to Stripe, retries included, by endpoint and what came of it.",
    ["method", "endpoint", "outcome"],
    buckets=BUCKETS,
)

GRAPHQL_SECONDS = Histogram(
    "assent_graphql_seconds",
    "Time to answer a GraphQL document, by its root field (`several` for more than one).",
    ["operation", "outcome"],
    buckets=BUCKETS,
)

LIVE_SOCKETS = Gauge("assent_live_sockets", "WebSockets that are open in this process.")
