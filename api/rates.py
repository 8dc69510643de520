"""How often a caller may call: each key, each customer, and each address that sends credentials which open nothing.

Requests are counted here, in the process, because a statement for each would cost more than what it guards. Processes
on one PostgreSQL tell each other what they counted, once a second; so a limit holds over all of them, but for what they
let in within that second. On SQLite, which one process serves, there is nobody to tell.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

import structlog

from billing import rates
from billing.callers import Caller
from billing.database import Database
from billing.settings import Settings

log = structlog.get_logger()

# Seconds between two rounds of telling each other.
SHARE_EVERY = 1.0
MINUTE = 60
# Of one consent; each takes half a second to make.
DOCUMENTS_PER_MINUTE = 20


class TooMany(Exception):
    """The caller has called too often."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many requests; try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass
class Count:
    """Of one subject: what all processes have let in, as far as it is known here, and what the others do not know."""

    minute: int
    before: int = 0
    now: int = 0
    untold: int = 0

    def move_to(self, minute: int) -> None:
        """Into the minute that it is now. What was not told by then is not: it counts here alone."""
        if minute != self.minute:
            self.before = self.now if minute == self.minute + 1 else 0
            self.minute, self.now, self.untold = minute, 0, 0

    def used(self, second: float) -> float:
        """Within the last sixty seconds, were those of the minute before spread evenly over it."""
        return self.before * (1 - second / MINUTE) + self.now

    def wait(self, second: float, most: int) -> int:
        """Seconds until one more is let in."""
        if self.now < most:
            until = MINUTE * (1 - (most - 1 - self.now) / self.before)
        else:
            until = MINUTE + MINUTE * (1 - (most - 1) / self.now)
        return max(math.ceil(round(until - second, 3)), 1)


class Rates:
    """The counts of this process."""

    def __init__(self, settings: Settings, database: Database, clock: Callable[[], datetime]) -> None:
        self.settings, self.database, self.clock = settings, database, clock
        self.counts: dict[str, Count] = {}
        self.forgotten = 0

    def admit(self, caller: Caller, key_id: object) -> None:
        """Counts a request or an operation of a socket. Raises TooMany, and then it is not counted."""
        if caller.is_customer:
            self._admit(f"customer:{caller.customer_id}", self.settings.customer_requests_per_minute)
        else:
            self._admit(f"key:{key_id}", self.settings.key_requests_per_minute)

    def show(self, document: object) -> None:
        """Counts a document that is made for whoever has its address. Raises TooMany."""
        self._admit(f"document:{document}", DOCUMENTS_PER_MINUTE)

    def fail(self, address: str | None) -> None:
        """Counts a credential that opened nothing. Raises TooMany; whoever has a good one is let in all the same."""
        self._admit(f"address:{_neighbourhood(address)}", self.settings.failed_authentications_per_minute)

    def _admit(self, subject: str, most: int) -> None:
        minutes, second = divmod(self.clock().timestamp(), MINUTE)
        minute = int(minutes)
        count = self.counts.get(subject) or self.counts.setdefault(subject, Count(minute))
        count.move_to(minute)
        if count.used(second) + 1 > most:
            raise TooMany(count.wait(second, most))
        count.now += 1
        count.untold += 1

    async def keep_sharing(self) -> None:
        """Tells the other processes, and listens to them, until it is cancelled."""
        while True:
            await asyncio.sleep(SHARE_EVERY)
            try:
                await self.share()
            except Exception as error:  # noqa: BLE001 - a database that is away stops nobody from counting
                log.warning("what was counted could not be shared", reason=type(error).__name__)

    async def share(self) -> None:
        """One round: one statement for all who have called since the minute before."""
        minute = int(self.clock().timestamp() // MINUTE)
        self.counts = {subject: each for subject, each in self.counts.items() if each.minute >= minute - 1}
        told = {(subject, each.minute): each.untold for subject, each in self.counts.items() if each.minute == minute}
        if self.database.dialect != "postgresql" or not told:
            return
        async with self.database.transaction() as session:
            sums = await rates.share(session, told)
            if self.forgotten < minute:
                await rates.forget(session, minute - 1)
        self.forgotten = minute
        for (subject, counted), total in sums.items():
            self._learn(self.counts[subject], counted, told[subject, counted], total)

    def _learn(self, count: Count, minute: int, told: int, total: int) -> None:
        """`total` is everybody's; what was counted here since it was told comes on top."""
        if count.minute == minute:
            count.untold -= told
            count.now = total + count.untold


def _neighbourhood(address: str | None) -> str:
    """The address, or the /64 of one of IPv6, all of which belong to one."""
    return str(ip_network(f"{address}/64", strict=False)) if address and ":" in address else str(address)
