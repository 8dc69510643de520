"""The rules of charges within consents in a few lines that know nothing of tables: what random charges are held to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.tables import Operation
from tests.billing.random_charges import Charge, Grant


@dataclass
class Given:
    """A consent, as the model knows it."""

    id: UUID
    asked: Grant
    currency: str | None
    ends: datetime | None
    revoked: bool = False


@dataclass
class Made:
    """A charge, as the model knows it: `open`, `paid` (then when), or `over`."""

    amount: int
    by: Given
    state: str
    paid_at: datetime | None = None
    operation: Operation | None = None
    intent: dict[str, Any] = field(default_factory=dict)


class Model:
    """What one customer has consented to and was charged, at `now`."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.given: list[Given] = []
        self.made: list[Made] = []

    def expected(self, wanted: Charge) -> Given | None:
        """The consent that the charge is to rest on."""
        named = None if wanted.named is None else self.given[wanted.named % len(self.given)]
        for usage in ("UNSCHEDULED", "ONE_TIME"):
            for given in reversed(self.given):
                if given.asked.usage == usage and named in (None, given) and self.suffices(given, wanted):
                    return given
        return None

    def suffices(self, given: Given, wanted: Charge) -> bool:
        """Whether this consent allows the charge now."""
        asked = given.asked
        stands = not given.revoked and (given.ends is None or given.ends > self.now) and not self.is_used(given)
        within = asked.maximum is None or wanted.amount <= asked.maximum
        monthly = asked.monthly is None or self.spent(given) + wanted.amount <= asked.monthly
        return stands and within and monthly and given.currency in (None, wanted.currency) and not asked.of_product

    def is_used(self, given: Given) -> bool:
        """A consent to one payment is used by it until that is over unpaid."""
        return given.asked.usage == "ONE_TIME" and any(each.by is given and each.state != "over" for each in self.made)

    def spent(self, given: Given) -> int:
        """In this month, or perhaps still."""
        theirs = [each for each in self.made if each.by is given]
        return sum(each.amount for each in theirs if each.state == "open" or self.in_this_month(each.paid_at))

    def in_this_month(self, moment: datetime | None) -> bool:
        return moment is not None and (moment.year, moment.month) == (self.now.year, self.now.month)

    def check(self) -> None:
        """No consent carries more in any month than it allows, whatever has happened."""
        for given in self.given:
            paid = [each for each in self.made if each.by is given and each.paid_at]
            totals = Counter[str]()
            for each in paid:
                totals[f"{each.paid_at:%Y-%m}"] += each.amount
            assert given.asked.monthly is None or all(total <= given.asked.monthly for total in totals.values())
            assert given.asked.usage != "ONE_TIME" or len(paid) <= 1
