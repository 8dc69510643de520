"""The enums, each value with its meaning. Their Python values are their GraphQL names."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any

import strawberry

from billing.consents import ConsentStatus
from billing.payment_methods import PaymentMethodStatus
from billing.tables import ConsentChannel, ConsentUsage, EventSource, EventStatus, LedgerAction

__all__ = [
    "CancellationTiming",
    "ConsentChannel",
    "ConsentStatus",
    "ConsentUsage",
    "EventSource",
    "EventStatus",
    "IntervalUnit",
    "InvoiceStatus",
    "LedgerAction",
    "PaymentMethodStatus",
    "PaymentMethodType",
    "PaymentStatus",
    "SetupIntentStatus",
    "SetupMethodType",
    "SetupSessionStatus",
    "SubscriptionStatus",
]


def _enum(cls: type[Enum], name: str, description: str, meanings: Mapping[str, str]) -> None:
    """Makes a GraphQL enum of the class; every value has to have its meaning."""
    made: Any = strawberry.enum(cls, name=name, description=description)
    for value in made.__strawberry_definition__.values:
        value.description = meanings[value.name]


class IntervalUnit(StrEnum):
    """Stripe's units of a billing interval, by GraphQL's names."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


class PaymentMethodType(StrEnum):
    """Kinds of methods that have types of their own."""

    CARD = "CARD"
    AMAZON_PAY = "AMAZON_PAY"
    OTHER = "OTHER"


class SetupMethodType(StrEnum):
    """Kinds of methods that a setup session can save."""

    CARD = "CARD"
    AMAZON_PAY = "AMAZON_PAY"


class SetupSessionStatus(StrEnum):
    """Of a Checkout Session."""

    OPEN = "OPEN"
    COMPLETE = "COMPLETE"
    EXPIRED = "EXPIRED"


class SetupIntentStatus(StrEnum):
    """Of a SetupIntent."""

    REQUIRES_PAYMENT_METHOD = "REQUIRES_PAYMENT_METHOD"
    REQUIRES_CONFIRMATION = "REQUIRES_CONFIRMATION"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"
    OTHER = "OTHER"


class SubscriptionStatus(StrEnum):
    """Of a subscription."""

    INCOMPLETE = "INCOMPLETE"
    INCOMPLETE_EXPIRED = "INCOMPLETE_EXPIRED"
    TRIALING = "TRIALING"
    ACTIVE = "ACTIVE"
    PAST_DUE = "PAST_DUE"
    UNPAID = "UNPAID"
    PAUSED = "PAUSED"
    CANCELED = "CANCELED"
    OTHER = "OTHER"


class CancellationTiming(StrEnum):
    """When a cancellation takes effect."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


class InvoiceStatus(StrEnum):
    """Of an invoice."""

    DRAFT = "DRAFT"
    OPEN = "OPEN"
    PAID = "PAID"
    UNCOLLECTIBLE = "UNCOLLECTIBLE"
    VOID = "VOID"
    DELETED = "DELETED"
    OTHER = "OTHER"


class PaymentStatus(StrEnum):
    """Of a PaymentIntent."""

    REQUIRES_PAYMENT_METHOD = "REQUIRES_PAYMENT_METHOD"
    REQUIRES_CONFIRMATION = "REQUIRES_CONFIRMATION"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    PROCESSING = "PROCESSING"
    REQUIRES_CAPTURE = "REQUIRES_CAPTURE"
    SUCCEEDED = "SUCCEEDED"
    CANCELED = "CANCELED"
    OTHER = "OTHER"


UNKNOWN = "A status of Stripe's that this version does not know."

_enum(
    IntervalUnit,
    "IntervalUnit",
    "The unit of a billing interval.",
    {"DAY": "Days.", "WEEK": "Weeks.", "MONTH": "Calendar months.", "YEAR": "Years."},
)
_enum(
    ConsentUsage,
    "ConsentUsage",
    "What kind of payments a consent allows.",
    {
        "ONE_TIME": "One later payment.",
        "RECURRING": "A series of payments at an interval.",
        "UNSCHEDULED": "Payments that the merchant starts when something is owed, at no fixed interval.",
    },
)
_enum(
    ConsentStatus,
    "ConsentStatus",
    "Whether anything may still rest on a consent.",
    {
        "ACTIVE": "It stands.",
        "REVOKED": "The customer took it back.",
        "SUPERSEDED": "A newer consent has taken its place.",
        "EXPIRED": "Its time is over.",
    },
)
_enum(
    ConsentChannel,
    "ConsentChannel",
    "Where the customer agreed.",
    {
        "WEB": "On a web page.",
        "MOBILE_APP": "In an app.",
        "EMAIL": "By e-mail.",
        "PHONE": "On the phone.",
        "IN_PERSON": "In person, e.g. on paper.",
        "OTHER": "Elsewhere.",
    },
)
_enum(
    LedgerAction,
    "LedgerAction",
    "What a record of the ledger says.",
    {
        "GRANTED": "The customer gave the consent.",
        "REVOKED": "The customer took it back.",
        "REDACTED": "Its personal values were removed.",
    },
)
_enum(
    PaymentMethodType,
    "PaymentMethodType",
    "The kind of a payment method.",
    {
        "CARD": "A card.",
        "AMAZON_PAY": "An Amazon Pay account.",
        "OTHER": "Any other kind; `stripeType` has Stripe's word for it.",
    },
)
_enum(
    PaymentMethodStatus,
    "PaymentMethodStatus",
    "Whether a payment method can be charged.",
    {
        "USABLE": "It can.",
        "MANDATE_INACTIVE": "The customer took the permission back at Amazon or at the bank.",
        "EXPIRED": "The card's last month is over.",
        "DETACHED": "It was removed from the customer.",
    },
)
_enum(
    SetupMethodType,
    "SetupMethodType",
    "A kind of method that a setup session can save.",
    {"CARD": "A card.", "AMAZON_PAY": "An Amazon Pay account."},
)
_enum(
    SetupSessionStatus,
    "SetupSessionStatus",
    "How far a setup session has come.",
    {
        "OPEN": "The customer can still complete it.",
        "COMPLETE": "The customer has completed it; `setupStatus` tells whether the method is saved.",
        "EXPIRED": "Its time is over, or it was ended.",
    },
)
_enum(
    SetupIntentStatus,
    "SetupIntentStatus",
    "How far saving the method has come.",
    {
        "REQUIRES_PAYMENT_METHOD": "Nothing was tried yet, or the last try failed: see `failure`.",
        "REQUIRES_CONFIRMATION": "A method was given and not confirmed yet.",
        "REQUIRES_ACTION": "The customer is being asked, e.g. at Amazon or by the bank.",
        "PROCESSING": "The answer is not known yet.",
        "SUCCEEDED": "The method is saved.",
        "CANCELED": "It was given up.",
        "OTHER": UNKNOWN,
    },
)
_enum(
    SubscriptionStatus,
    "SubscriptionStatus",
    "Stripe's status of a subscription.",
    {
        "INCOMPLETE": "The first payment is still to come.",
        "INCOMPLETE_EXPIRED": "The first payment did not come in time; it never started.",
        "TRIALING": "In its trial.",
        "ACTIVE": "In good standing.",
        "PAST_DUE": "The latest invoice is not paid, and is tried again.",
        "UNPAID": "The latest invoice is not paid, and is not tried again.",
        "PAUSED": "Its trial ended without a payment method.",
        "CANCELED": "It has ended.",
        "OTHER": UNKNOWN,
    },
)
_enum(
    CancellationTiming,
    "CancellationTiming",
    "When a cancellation takes effect.",
    {"NOW": "At once.", "PERIOD_END": "When what is paid for is over."},
)
_enum(
    InvoiceStatus,
    "InvoiceStatus",
    "Stripe's status of an invoice.",
    {
        "DRAFT": "It can still change.",
        "OPEN": "It is to be paid.",
        "PAID": "It is paid.",
        "UNCOLLECTIBLE": "Nobody expects it to be paid any more, though it still can be.",
        "VOID": "It was withdrawn.",
        "DELETED": "It was a draft, and was deleted.",
        "OTHER": UNKNOWN,
    },
)
_enum(
    PaymentStatus,
    "PaymentStatus",
    "Stripe's status of a payment.",
    {
        "REQUIRES_PAYMENT_METHOD": "Nothing was tried yet, or the last try failed: see `failure`.",
        "REQUIRES_CONFIRMATION": "It was prepared and not sent.",
        "REQUIRES_ACTION": "The customer has to come back and confirm: see `nextAction`.",
        "PROCESSING": "The answer is not known yet.",
        "REQUIRES_CAPTURE": "The amount is held and not taken.",
        "SUCCEEDED": "It is paid.",
        "CANCELED": "It was given up.",
        "OTHER": UNKNOWN,
    },
)
_enum(
    EventStatus,
    "StripeEventStatus",
    "How far an event has come.",
    {
        "RECEIVED": "Stored; it is to be applied.",
        "APPLIED": "What it says is in the rows.",
        "SKIPPED": "Of a type, or about an object, that does not concern Assent.",
        "FAILED": "The last try failed; `replayStripeEvent` tries again.",
    },
)
_enum(
    EventSource,
    "StripeEventSource",
    "How an event reached Assent.",
    {
        "WEBHOOK": "Stripe delivered it.",
        "SWEEP": "It was found in Stripe's own list.",
        "REPLAY": "It was asked for again.",
    },
)
