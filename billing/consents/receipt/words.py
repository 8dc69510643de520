"""How a document for people writes what is a value elsewhere."""

from datetime import UTC, datetime

from billing.money import Money
from billing.tables import ConsentChannel, ConsentUsage

USAGES = {
    ConsentUsage.ONE_TIME: "One later payment.",
    ConsentUsage.RECURRING: "A series of payments at an interval.",
    ConsentUsage.UNSCHEDULED: "Payments that the merchant starts when something is owed, at no fixed interval.",
}
CHANNELS = {
    ConsentChannel.WEB: "on a website",
    ConsentChannel.MOBILE_APP: "in a mobile app",
    ConsentChannel.EMAIL: "by e-mail",
    ConsentChannel.PHONE: "by telephone",
    ConsentChannel.IN_PERSON: "in person",
    ConsentChannel.OTHER: "in another way",
}

# Stripe's statuses of a payment, for people.
OUTCOMES = {
    "succeeded": "paid",
    "processing": "under way",
    "canceled": "given up, not paid",
    "requires_payment_method": "declined, not paid",
    "requires_action": "waiting for the customer, not paid",
    "requires_confirmation": "not sent, not paid",
    "requires_capture": "held, not taken",
}
TRIED = "not refunded, though tried on"
GIVEN_BACK = {"succeeded": "refunded on", "failed": TRIED, "canceled": TRIED}


def outcome(status: str) -> str:
    """What came of a payment."""
    return OUTCOMES.get(status, status.replace("_", " "))


def refunded(status: str) -> str:
    """What came of a refund, before its day."""
    return GIVEN_BACK.get(status, "on its way back since")


def instant(at: datetime) -> str:
    """A time, to the second: 23 November 2026, 18:00:00 UTC."""
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M:%S} UTC"


def day(at: datetime) -> str:
    """Its day: 23 November 2026."""
    return f"{at.astimezone(UTC):%d %B %Y}"


def interval(unit: str, count: int) -> str:
    """What comes after "every": month, 3 months."""
    return unit if count == 1 else f"{count} {unit}s"


def money(amount: int, currency: str) -> str:
    """An amount in the smallest unit, as a person writes it: 1,500.00 USD."""
    whole, _, cents = Money(abs(amount), currency).decimal.partition(".")
    return f"{'-' if amount < 0 else ''}{int(whole):,}{'.' + cents if cents else ''} {currency}"
