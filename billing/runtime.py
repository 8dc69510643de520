"""What a running Assent consists of, handed to whatever works outside a single transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from billing.budget import Budget
from billing.database import Database
from billing.journal.recording import Journal
from billing.journal.tail import Tail
from billing.limits import Limits
from billing.signals import JOURNAL, Signals
from billing.stripe_gateway import StripeGateway


def utc_now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Runtime:
    """The database, Stripe, the clock, and the settings that decide what may be done.

    `allows_redirect` says whether a customer may be sent to an address; `automatic_tax` lets Stripe Tax add to
    invoices; `limits` are those of the payment methods themselves; `refund_outside_consent` gives back what others
    charged without a consent; `budget` is for reads of Stripe that nobody waits for, `sweep_every` the time between two
    sweeps over its events, `journal_retention` how long the journal is kept (None: for ever); `signals` tell other
    processes, and this one, what was committed.
    """

    database: Database
    gateway: StripeGateway
    allows_redirect: Callable[[str], bool]
    automatic_tax: bool = False
    limits: Limits = field(default_factory=Limits)
    refund_outside_consent: bool = False
    budget: Budget = field(default_factory=Budget)
    sweep_every: timedelta = timedelta(minutes=5)
    journal_retention: timedelta | None = None
    clock: Callable[[], datetime] = utc_now
    signals: Signals = field(default_factory=Signals)

    def __post_init__(self) -> None:
        """The journal goes by the same clock, and is announced by the same signals."""
        self.database.journal = Journal(self.clock, lambda session: self.signals.tell(session, JOURNAL))

    @cached_property
    def tail(self) -> Tail:
        """The journal's end as this process sees it."""
        return Tail(self.database, self.signals)
