"""The enums, each value with its meaning. Their Python values are their GraphQL names."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Any

import strawberry

from billing.consents import ConsentStatus
from billing.journal import CauseKind
from billing.payment_methods import PaymentMethodStatus
from billing.tables import ConsentChannel, ConsentUsage, EventSource, EventStatus, LedgerAction

__all__ = [
    "AttentionReason",
    "CancellationTiming",
    "CauseKind",
    "ConsentChannel",
    "ConsentStatus",
    "ConsentUsage",
    "EventSource",
    "EventStatus",
    "IntervalUnit",
    "LedgerAction",
    "PaymentMethodStatus",
    "PaymentMethodType",
    "RefundReason",
    "SetupMethodType",
]


def make_enum(cls: type[Enum], name: str, description: str, meanings: Mapping[str, str]) -> None:
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


class AttentionReason(StrEnum):
    """Why a subscription needs a person."""

    PAYMENT_DECLINED = "PAYMENT_DECLINED"
    AUTHENTICATION_REQUIRED = "AUTHENTICATION_REQUIRED"
    PAYMENT_METHOD_UNUSABLE = "PAYMENT_METHOD_UNUSABLE"
    CONSENT_REQUIRED = "CONSENT_REQUIRED"
    CONSENT_SCOPE_EXCEEDED = "CONSENT_SCOPE_EXCEEDED"
    CHARGED_OUTSIDE_CONSENT = "CHARGED_OUTSIDE_CONSENT"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    OTHER = "OTHER"


class CancellationTiming(StrEnum):
    """When a cancellation takes effect."""

    NOW = "NOW"
    PERIOD_END = "PERIOD_END"


class RefundReason(StrEnum):
    """Why money is given back, by GraphQL's names."""

    DUPLICATE = "DUPLICATE"
    FRAUDULENT = "FRAUDULENT"
    REQUESTED_BY_CUSTOMER = "REQUESTED_BY_CUSTOMER"


make_enum(
    IntervalUnit,
    "IntervalUnit",
    "The unit of a billing interval.",
    {"DAY": "Days.", "WEEK": "Weeks.", "MONTH": "Calendar months.", "YEAR": "Years."},
)
make_enum(
    CauseKind,
    "CauseKind",
    "What kind of thing made a change.",
    {
        "MUTATION": "A mutation, or what Assent goes on to do by itself.",
        "STRIPE_EVENT": "An event of Stripe's.",
        "RECONCILIATION": "Comparing with Stripe, without having been told.",
    },
)
make_enum(
    ConsentUsage,
    "ConsentUsage",
    "What kind of payments a consent allows.",
    {
        "ONE_TIME": "One later payment.",
        "RECURRING": "A series of payments at an interval.",
        "UNSCHEDULED": "Payments that the merchant starts when something is owed, at no fixed interval.",
    },
)
make_enum(
    ConsentStatus,
    "ConsentStatus",
    "Whether anything may still rest on a consent.",
    {
        "ACTIVE": "It stands.",
        "REVOKED": "The customer took it back.",
        "USED": "The one payment that it allowed was made, or is under way.",
        "SUPERSEDED": "A newer consent has taken its place.",
        "EXPIRED": "Its time is over.",
    },
)
make_enum(
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
make_enum(
    LedgerAction,
    "LedgerAction",
    "What a record of the ledger says.",
    {
        "GRANTED": "The customer gave the consent.",
        "REVOKED": "The customer took it back.",
        "REDACTED": "Its personal values were removed.",
    },
)
make_enum(
    PaymentMethodType,
    "PaymentMethodType",
    "The kind of a payment method.",
    {
        "CARD": "A card.",
        "AMAZON_PAY": "An Amazon Pay account.",
        "OTHER": "Any other kind; `stripeType` has Stripe's word for it.",
    },
)
make_enum(
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
make_enum(
    SetupMethodType,
    "SetupMethodType",
    "A kind of method that a setup session can save.",
    {"CARD": "A card.", "AMAZON_PAY": "An Amazon Pay account."},
)
make_enum(
    AttentionReason,
    "AttentionReason",
    "Why a subscription's billing stands still or needs a person.",
    {
        "PAYMENT_DECLINED": "The last payment was declined.",
        "AUTHENTICATION_REQUIRED": "The customer has to confirm a payment.",
        "PAYMENT_METHOD_UNUSABLE": "There is no method that can be charged.",
        "CONSENT_REQUIRED": "No consent is in force: nothing is collected.",
        "CONSENT_SCOPE_EXCEEDED": "There is a consent, and it does not go this far: nothing is collected.",
        "CHARGED_OUTSIDE_CONSENT": "Others have charged what no consent covers.",
        "OUTCOME_UNKNOWN": "Nobody knows yet what became of a call at Stripe.",
        "OTHER": "Something else; the invoice tells.",
    },
)
make_enum(
    CancellationTiming,
    "CancellationTiming",
    "When a cancellation takes effect.",
    {"NOW": "At once.", "PERIOD_END": "When what is paid for is over."},
)
make_enum(
    RefundReason,
    "RefundReason",
    "Why money is given back.",
    {
        "DUPLICATE": "It was paid twice.",
        "FRAUDULENT": "Somebody else paid; Stripe blocks the card from then on.",
        "REQUESTED_BY_CUSTOMER": "The customer asked for it.",
    },
)
make_enum(
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
make_enum(
    EventSource,
    "StripeEventSource",
    "How an event reached Assent.",
    {
        "WEBHOOK": "Stripe delivered it.",
        "SWEEP": "It was found in Stripe's own list.",
        "REPLAY": "It was asked for again.",
    },
)
