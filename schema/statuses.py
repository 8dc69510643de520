"""Stripe's statuses, by GraphQL's names."""

from enum import StrEnum

from schema.enums import make_enum

UNKNOWN = "A status of Stripe's that this version does not know."


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


class DisputeStatus(StrEnum):
    """Of a dispute."""

    WARNING_NEEDS_RESPONSE = "WARNING_NEEDS_RESPONSE"
    WARNING_UNDER_REVIEW = "WARNING_UNDER_REVIEW"
    WARNING_CLOSED = "WARNING_CLOSED"
    NEEDS_RESPONSE = "NEEDS_RESPONSE"
    UNDER_REVIEW = "UNDER_REVIEW"
    WON = "WON"
    LOST = "LOST"
    PREVENTED = "PREVENTED"
    OTHER = "OTHER"


class RefundStatus(StrEnum):
    """Of a refund."""

    PENDING = "PENDING"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    OTHER = "OTHER"


make_enum(
    SetupSessionStatus,
    "SetupSessionStatus",
    "How far a setup session has come.",
    {
        "OPEN": "The customer can still complete it.",
        "COMPLETE": "The customer has completed it; `setupStatus` tells whether the method is saved.",
        "EXPIRED": "Its time is over, or it was ended.",
    },
)
make_enum(
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
make_enum(
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
        "PAUSED": "It stands still: it was paused, or its trial ended without a payment method.",
        "CANCELED": "It has ended.",
        "OTHER": UNKNOWN,
    },
)
make_enum(
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
make_enum(
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
make_enum(
    DisputeStatus,
    "DisputeStatus",
    "Stripe's status of a dispute.",
    {
        "WARNING_NEEDS_RESPONSE": "The bank inquires, and evidence can be sent; no money has moved.",
        "WARNING_UNDER_REVIEW": "The bank inquires, and looks at the evidence.",
        "WARNING_CLOSED": "The inquiry ended without a dispute.",
        "NEEDS_RESPONSE": "Evidence can be sent until `evidenceDueAt`.",
        "UNDER_REVIEW": "The bank, or Amazon, looks at the evidence.",
        "WON": "The money is the merchant's.",
        "LOST": "The money is the customer's.",
        "PREVENTED": "It was settled before it became a dispute.",
        "OTHER": UNKNOWN,
    },
)
make_enum(
    RefundStatus,
    "RefundStatus",
    "Stripe's status of a refund.",
    {
        "PENDING": "It is on its way, e.g. to an Amazon Pay account.",
        "REQUIRES_ACTION": "The customer has to do something to receive it.",
        "SUCCEEDED": "The money was sent back.",
        "FAILED": "The money came back to the merchant's balance; repay the customer another way.",
        "CANCELED": "It was given up.",
        "OTHER": UNKNOWN,
    },
)
