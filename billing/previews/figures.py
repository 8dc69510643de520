"""The figures of a preview, read from what Stripe would bill."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from billing.mirror.invoices import is_proration
from billing.stripe_gateway import JSONObject


@dataclass(frozen=True)
class Line:
    """One line of what would be billed. `amount` in the smallest unit, before tax; the period in seconds, UTC."""

    description: str | None
    amount: int
    quantity: int | None
    start: int
    end: int
    proration: bool


@dataclass(frozen=True)
class Figures:
    """What would be billed at once and next. Amounts in the smallest unit of `currency` (capitals), seconds UTC.

    `due_now` is what would be charged, or what the customer would be owed as a negative amount; `billed_now` the total
    of the invoice that would be made at once, 0 where none is; `next_total` that of the next full period.
    """

    currency: str
    due_now: int
    billed_now: int
    next_total: int
    next_billing_at: int
    lines: tuple[Line, ...] = ()

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """From what `dump` made."""
        return cls(**{**data, "lines": tuple(Line(**each) for each in data["lines"])})

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @property
    def price(self) -> tuple[str, int, int, int]:
        """What may not move between a preview and its use."""
        return self.currency, self.due_now, self.billed_now, self.next_total

    @property
    def largest(self) -> int:
        """The most that would be charged in one payment, now or next."""
        return max(self.due_now, self.next_total)


def read(
    first: JSONObject | None, following: JSONObject | None, *, currency: str, period_end: int | None = None
) -> Figures:
    """From Stripe's previews of the next invoice of any kind, and of the next recurring one; None where none comes.

    `period_end` is when the current period of a subscription ends that is there: what Stripe would bill before then, it
    would bill at once.
    """
    at_once = first is not None and (period_end is None or first["created"] < period_end)
    shown = first or following
    return Figures(
        currency=currency,
        due_now=_due(first) if first and at_once else 0,
        billed_now=first["total"] if first and at_once else 0,
        next_total=following["total"] if following else 0,
        next_billing_at=_next(first if at_once else None, following, period_end),
        lines=tuple(_line(each) for each in shown["lines"]["data"] if "amount" in each) if shown else (),
    )


def told(invoice: JSONObject) -> JSONObject:
    """As much of Stripe's preview as the figures without their lines are read from."""
    kept = {name: invoice[name] for name in ("created", "currency", "total", "amount_due")}
    lines = [{"period": each["period"], "parent": each.get("parent")} for each in invoice["lines"]["data"]]
    return {**kept, "lines": {"data": lines}}


def _due(invoice: JSONObject) -> int:
    """A credit is carried to the customer's balance; of what is owed, that balance is taken off first."""
    return int(invoice["total"] if invoice["total"] < 0 else invoice["amount_due"])


def _next(now: JSONObject | None, following: JSONObject | None, period_end: int | None) -> int:
    """The end of what is billed at once for a whole period; else when the current period ends."""
    whole = [line["period"]["end"] for line in now["lines"]["data"] if not is_proration(line)] if now else []
    if whole:
        return int(min(whole))
    return int(period_end or (following["created"] if following else 0))


def _line(line: JSONObject) -> Line:
    period = line["period"]
    return Line(
        line.get("description"),
        line["amount"],
        line.get("quantity"),
        period["start"],
        period["end"],
        is_proration(line),
    )
