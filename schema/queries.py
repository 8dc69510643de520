"""The root of all reading."""

import re
from typing import Any

import strawberry
from sqlalchemy import func, or_
from sqlmodel import col

from billing import tables
from schema import disputes, invoices, payment_methods, payments, stripe_events, subscriptions
from schema.attention import NEEDS_ATTENTION
from schema.catalogue import PRODUCT_IS_ACTIVE, Price, Product
from schema.changes import CURSOR, Change, changes
from schema.connections import Connection
from schema.customers import Customer
from schema.disputes import Dispute
from schema.faults import bad_input
from schema.invoices import Invoice
from schema.nodes import Node, parse, parse_any
from schema.payment_methods import PaymentMethod
from schema.payments import Payment
from schema.reads import (
    VIEWER,
    Argument,
    column,
    described,
    equals,
    lookup,
    merchant_only,
    one,
    paged,
    paged_within,
)
from schema.refunds import Refund
from schema.setup_sessions import SetupSession
from schema.stripe_events import StripeEvent
from schema.subscriptions import Subscription
from schema.terms import IS_CURRENT, Terms

# Characters; SQLite takes no pattern of more than 50,000 bytes.
LONGEST_SEARCH = 1_000

# Everything that Stripe has an id for, by how those ids begin.
MIRRORED: tuple[Any, ...] = (
    Customer,
    PaymentMethod,
    SetupSession,
    Product,
    Price,
    Subscription,
    Invoice,
    Payment,
    Dispute,
    Refund,
    StripeEvent,
)
# Older disputes have ids that begin with dp_.
NOUN_BY_PREFIX = {each.__source__.stripe: each.__source__.noun for each in MIRRORED} | {"dp_": "dispute"}


def by_id(name: str, type_: Any, description: str = "Its id.") -> Argument:
    """The argument that names one object of the type; the id of anything else, or no id at all, names none."""
    source = type_.__source__
    return equals(name, strawberry.ID, source.table.c.id, description, convert=lambda text: parse(source.noun, text))


def parse_stripe_id(text: str) -> tuple[str, str] | None:
    """Whose id at Stripe this is; None where it is none that Assent mirrors."""
    noun = NOUN_BY_PREFIX.get(text[: text.find("_") + 1])
    return (noun, text) if noun else None


def _pattern(text: str) -> str:
    """Raises BAD_USER_INPUT for a text that no name is as long as, and that SQLite would not take as a pattern."""
    if len(text) > LONGEST_SEARCH:
        raise bad_input(f"`search` may have at most {LONGEST_SEARCH} characters; it has {len(text)}.")
    return "%" + re.sub(r"([%_\\])", r"\\\1", text.lower()) + "%"


def contains(name: str, columns: tuple[Any, ...], description: str) -> Argument:
    """An argument with a text that one of the columns has in it, in whatever case."""
    return Argument(
        name,
        str | None,
        description,
        lambda wanted: or_(*(func.lower(each).like(wanted, escape="\\") for each in columns)),
        convert=_pattern,
    )


CURRENT_ONLY = Argument(
    "currentOnly", bool, "Leaves older versions out.", lambda _: IS_CURRENT, default=False, neutral=False
)


@described
class Query:
    """Everything that can be read. What the caller may not see is as if it did not exist."""

    node: Node | None = lookup("id", parse_any, Argument("id", strawberry.ID, "Its id."), "Any object by its id.")
    nodes: list[Node | None] = lookup(
        "id",
        parse_any,
        Argument("ids", list[strawberry.ID], "Their ids, at most 100."),
        "Objects by their ids, in the same order; null for each that there is not.",
    )
    by_stripe_id: Node | None = lookup(
        "stripe_id",
        parse_stripe_id,
        Argument("stripeId", str, "Stripe's id."),
        "What mirrors this id of Stripe's (cus_..., pm_..., sub_..., in_..., pi_..., re_..., du_..., cs_...).",
    )
    viewer: Customer | None = one(
        "The customer that the caller's token was issued for; null for a merchant's API key.",
        on=tables.Customer.id == VIEWER,
    )
    current_terms: Terms | None = one(
        "The version that customers agree to now.",
        equals("slug", str, tables.Terms.slug, "The merchant's name for the terms."),
        equals("locale", str, tables.Terms.locale, "The language.", default="en"),
        order=(col(tables.Terms.version).desc(),),
    )
    terms: Connection[Terms] | None = paged(
        "Published terms.",
        equals("slug", str | None, tables.Terms.slug, "Only those of this name."),
        equals("locale", str | None, tables.Terms.locale, "Only those in this language."),
        CURRENT_ONLY,
    )
    customer: Customer | None = one("A customer.", by_id("id", Customer))
    customer_by_external_id: Customer | None = merchant_only(
        one(
            "The customer with the merchant's own id; for API keys.",
            equals("externalId", str, tables.Customer.external_id, "The merchant's own id."),
        )
    )
    customers: Connection[Customer] | None = merchant_only(
        paged(
            "All customers; for API keys.",
            contains(
                "search",
                (tables.Customer.external_id, tables.Customer.email, tables.Customer.name),
                "Only those that have it in externalId, e-mail or name, in whatever case.",
            ),
        )
    )
    payment_methods: Connection[PaymentMethod] | None = paged_within(
        Customer,
        by_id("customerId", Customer, "Whose."),
        "The saved methods of one customer; null where the caller may not see that customer.",
        payment_methods.OF_TYPE,
        payment_methods.WITH_STATUS,
        on=tables.PaymentMethod.customer_id == tables.Customer.id,
    )
    setup_session: SetupSession | None = one("A setup session.", by_id("id", SetupSession))
    products: Connection[Product] | None = paged("What is sold.", PRODUCT_IS_ACTIVE)
    price: Price | None = one(
        "A price by the merchant's name for it.",
        equals("lookupKey", str, tables.Price.lookup_key, "The merchant's name for it."),
        order=(col(tables.Price.active).desc(), col(tables.Price.created_at).desc(), col(tables.Price.id).desc()),
    )
    subscription: Subscription | None = one("A subscription.", by_id("id", Subscription))
    subscriptions: Connection[Subscription] | None = paged(
        "All subscriptions that the caller may see.", subscriptions.WITH_STATUS, NEEDS_ATTENTION
    )
    invoice: Invoice | None = one("An invoice.", by_id("id", Invoice))
    invoices: Connection[Invoice] | None = paged("All invoices that the caller may see.", invoices.WITH_STATUS)
    payment: Payment | None = one("A payment.", by_id("id", Payment))
    payments: Connection[Payment] | None = paged("All payments that the caller may see.", payments.WITH_STATUS)
    disputes: Connection[Dispute] | None = merchant_only(
        paged(
            "All disputes, those first whose evidence is due first; for API keys.",
            disputes.WITH_STATUS,
            by=disputes.DUE,
        )
    )
    changes: Connection[Change] | None = changes(
        "The journal, oldest first; `after` continues where a cursor of `journalCursor`, `history` or the live "
        "`changes` left off. CURSOR_EXPIRED where it no longer reaches back so far."
    )
    journal_cursor: str | None = column(CURSOR, "Where the journal stands in this very answer.")
    stripe_events: Connection[StripeEvent] | None = merchant_only(
        paged("Stripe's events as they were received; for API keys.", stripe_events.WITH_STATUS, stripe_events.OF_TYPE)
    )
