"""Why something changes: it is said by whoever begins the work, and holds for all that is done below."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from billing.callers import CUSTOMER
from billing.tables import Operation


class CauseKind(StrEnum):
    """What kind of thing made a change."""

    MUTATION = "MUTATION"
    STRIPE_EVENT = "STRIPE_EVENT"
    RECONCILIATION = "RECONCILIATION"


@dataclass(frozen=True)
class Cause:
    """`reference` is an event's id at Stripe, a mutation's name, or that of a sweep.

    `actor` is the name of the API key; null for a customer's token.
    """

    kind: CauseKind
    reference: str
    actor: str | None = None

    @classmethod
    def mutation(cls, name: str, actor: str) -> Self:
        """A mutation, and who called it."""
        return cls(CauseKind.MUTATION, name, None if actor == CUSTOMER else actor)

    @classmethod
    def operation(cls, operation: Operation) -> Self:
        """What a mutation goes on doing, or Assent by itself."""
        return cls.mutation(operation.mutation, operation.actor)

    @classmethod
    def event(cls, stripe_id: str) -> Self:
        """One of Stripe's events."""
        return cls(CauseKind.STRIPE_EVENT, stripe_id)

    @classmethod
    def reconciliation(cls, name: str) -> Self:
        """Comparing with Stripe, without being told."""
        return cls(CauseKind.RECONCILIATION, name)


NOBODY = Cause.reconciliation("assent")
_current: ContextVar[Cause] = ContextVar("cause", default=NOBODY)


@contextmanager
def caused_by(cause: Cause) -> Iterator[None]:
    """Transactions that are opened inside write this cause into the journal."""
    token = _current.set(cause)
    try:
        yield
    finally:
        _current.reset(token)


def current_cause() -> Cause:
    """The cause of a transaction that is being opened."""
    return _current.get()
