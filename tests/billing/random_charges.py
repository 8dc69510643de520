"""What may happen around charges, at random: consents, charges and how they end, revocations, time."""

from dataclasses import dataclass

from hypothesis import strategies as st

currencies = st.sampled_from(["USD", "USD", "USD", "USD", "EUR"])


@dataclass(frozen=True)
class Grant:
    """The customer consents. Maxima in cents, the end in days from now."""

    usage: str
    currency: str | None
    maximum: int | None
    monthly: int | None
    of_product: bool
    days: int | None


@dataclass(frozen=True)
class Charge:
    """The merchant asks for a payment; `named` is the number of a consent, and `outcome` what Stripe makes of it."""

    amount: int
    currency: str
    named: int | None
    outcome: str


@dataclass(frozen=True)
class Revoke:
    """The customer takes a consent back."""

    number: int


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    days: float


@dataclass(frozen=True)
class Settle:
    """What was left open by a charge ends: it is paid after all, or it is not."""

    number: int
    paid: bool


outcomes = st.sampled_from(["paid", "lost", "declined", "waits", "paid", "lost", "processing"])
# Small beside a month's maximum, so that several fit in and one does not any more.
cents = st.sampled_from([1, 300, 700, 1000]) | st.integers(1, 2500)
maxima = st.sampled_from([None, None, 1000]) | st.integers(1, 3000)
months = st.sampled_from([None, 1000, 2000, 3000]) | st.integers(1, 6000)
days = st.sampled_from([None, None, 1, 20, 60])

first = st.builds(Grant, st.just("UNSCHEDULED"), st.sampled_from([None, "USD"]), maxima, months, st.just(False), days)
grants = st.builds(
    Grant,
    st.sampled_from(["UNSCHEDULED", "UNSCHEDULED", "ONE_TIME", "ONE_TIME", "RECURRING"]),
    st.none() | currencies,
    maxima,
    months,
    st.sampled_from([False, False, False, True]),
    days,
)
charges = st.builds(Charge, cents, currencies, st.sampled_from([None, None, None, 0, 1, 2]), outcomes)
waits = st.builds(Wait, st.sampled_from([0.01, 0.5, 3, 11, 31]))
revocations, endings = st.builds(Revoke, st.integers(0, 3)), st.builds(Settle, st.integers(0, 5), st.booleans())
# A charge most of the time; equal branches of a union would count as one.
steps = st.sampled_from([charges] * 7 + [grants, revocations, waits, waits, endings]).flatmap(lambda kind: kind)
stories = st.tuples(first, st.lists(steps, min_size=4, max_size=14)).map(lambda it: [it[0], *it[1]])
