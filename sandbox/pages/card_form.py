"""The card form: what was typed, read as a card, and what is wrong with it before any bank is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Self

MONTHS = range(1, 13)


@dataclass(frozen=True)
class Mistake:
    """Words for the customer, and the field that they are about."""

    message: str
    field: str


@dataclass(frozen=True)
class CardForm:
    """A card as typed, without the spaces and dashes that people put into its number."""

    number: str = ""
    exp_month: str = ""
    exp_year: str = ""
    cvc: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> Self:
        """The card among a form's fields; a missing one is empty."""
        typed = {name: str(fields.get(name, "")).strip() for name in cls.__dataclass_fields__}
        return cls(**typed | {"number": typed["number"].replace(" ", "").replace("-", "")})

    @property
    def month(self) -> int:
        """The month it expires in; 0 if what was typed is none."""
        month = int(self.exp_month) if is_digits(self.exp_month, 1, 2) else 0
        return month if month in MONTHS else 0

    @property
    def year(self) -> int:
        """The year it expires in, with four digits ("30" is 2030); 0 if what was typed is none."""
        if is_digits(self.exp_year, 2, 2):
            return 2000 + int(self.exp_year)
        return int(self.exp_year) if is_digits(self.exp_year, 4, 4) else 0

    def mistakes(self, now: datetime) -> Iterator[Mistake]:
        """Everything wrong, in the order of the fields. A card is good to the end of its month."""
        if not is_digits(self.number, 12, 19):
            yield Mistake("Your card number is incomplete.", "number")
        if not self.month:
            yield Mistake("Your card's expiration month is invalid.", "exp_month")
        if not self.year:
            yield Mistake("Your card's expiration year is invalid.", "exp_year")
        if (self.year, self.month) < (now.year, now.month):
            yield Mistake("Your card's expiration date is in the past.", "exp_year")
        if not is_digits(self.cvc, 3, 4):
            yield Mistake("Your card's security code is incomplete.", "cvc")


def is_digits(text: str, shortest: int, longest: int) -> bool:
    """Whether a text is nothing but ASCII digits, so many of them."""
    return text.isascii() and text.isdigit() and shortest <= len(text) <= longest
