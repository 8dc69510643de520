"""Which of Stripe's objects are mirrored: where they are read, which row is theirs, and which events tell of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import tables
from billing.mirror import (
    customers,
    disputes,
    invoice_payments,
    invoices,
    mandates,
    payment_methods,
    payments,
    prices,
    products,
    refunds,
    setup_intents,
    setup_sessions,
    subscriptions,
)
from billing.mirror.news import News
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, Row

# The row from the object's JSON, made or updated. None where the object is not one that Assent keeps.
Derive = Callable[[AsyncSession, News, Customer | None, datetime], Awaitable[Row | None]]


@dataclass(frozen=True)
class Kind:
    """One type of object. `path` is where one is read, without its id; `events` is what the endpoint subscribes to."""

    derive: Derive
    table: type[Row]
    path: str
    events: tuple[str, ...]


def _events(prefix: str, words: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{word}" for word in words.split())


# In the order in which several that come together are learned: what others belong to comes first.
KINDS: Mapping[str, Kind] = {
    "customer": Kind(
        customers.derive, tables.Customer, "/v1/customers", _events("customer", "created updated deleted")
    ),
    "product": Kind(products.derive, tables.Product, "/v1/products", _events("product", "created updated deleted")),
    "price": Kind(prices.derive, tables.Price, "/v1/prices", _events("price", "created updated deleted")),
    "payment_method": Kind(
        payment_methods.derive,
        tables.PaymentMethod,
        "/v1/payment_methods",
        _events("payment_method", "attached detached updated automatically_updated"),
    ),
    "mandate": Kind(mandates.derive, tables.Mandate, "/v1/mandates", _events("mandate", "updated")),
    "setup_intent": Kind(
        setup_intents.derive,
        tables.SetupIntent,
        "/v1/setup_intents",
        _events("setup_intent", "created requires_action succeeded setup_failed canceled"),
    ),
    "checkout.session": Kind(
        setup_sessions.derive,
        tables.SetupSession,
        "/v1/checkout/sessions",
        _events("checkout.session", "completed expired"),
    ),
    "subscription": Kind(
        subscriptions.derive,
        tables.Subscription,
        "/v1/subscriptions",
        _events(
            "customer.subscription",
            "created updated deleted paused resumed trial_will_end pending_update_applied pending_update_expired",
        ),
    ),
    "invoice": Kind(
        invoices.derive,
        tables.Invoice,
        "/v1/invoices",
        _events(
            "invoice",
            "created updated deleted finalized finalization_failed paid payment_failed payment_action_required "
            "payment_attempt_required voided marked_uncollectible",
        ),
    ),
    "payment_intent": Kind(
        payments.derive,
        tables.Payment,
        "/v1/payment_intents",
        _events("payment_intent", "created processing requires_action succeeded payment_failed canceled"),
    ),
    "invoice_payment": Kind(
        invoice_payments.derive, tables.InvoicePayment, "/v1/invoice_payments", _events("invoice_payment", "paid")
    ),
    "dispute": Kind(
        disputes.derive,
        tables.Dispute,
        "/v1/disputes",
        _events("charge.dispute", "created updated closed funds_withdrawn funds_reinstated"),
    ),
    "refund": Kind(refunds.derive, tables.Refund, "/v1/refunds", _events("refund", "created updated failed")),
}

# What the endpoint at Stripe must be subscribed to.
SUBSCRIBED_EVENTS: frozenset[str] = frozenset(event for kind in KINDS.values() for event in kind.events)

_ORDER = {type: index for index, type in enumerate(KINDS)}


def is_mirrored(data: JSONObject) -> bool:
    """Whether the object is of a type that is mirrored, and exists: an upcoming invoice is only a forecast."""
    return data.get("object") in KINDS and not str(data.get("id") or "upcoming").startswith("upcoming")


def order_of(data: JSONObject) -> int:
    """A key to sort by: what others belong to comes first."""
    return _ORDER[data["object"]]


def address(stripe_id: str, type: str) -> str:
    """The path at which the object is read."""
    return f"{KINDS[type].path}/{stripe_id}"
