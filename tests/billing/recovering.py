"""What tests of the sweep, of reconciliations and imports share."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import select

from billing import installation
from billing.applier import apply_due
from billing.recovery import Finding, Outcome, Report, first_import, reconciliation, sweep_events, walk
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.tables import Walk
from tests.billing.life import Life


class Killed(BaseException):
    """The process ends here."""


class Watched(StripeGateway):
    """The same Stripe, with what it was asked, and a hook that runs before each answer is taken."""

    def __init__(self, gateway: StripeGateway) -> None:
        self.account, self.country, self._gateway = gateway.account, gateway.country, gateway
        self.asked: list[dict[str, Any]] = []
        self.before: Any = lambda params: None
        self.after: Any = None

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        self.asked.append({"path": request.path, **request.params})
        self.before(self.asked[-1])
        answer = await self._gateway.send(request, idempotency_key=idempotency_key)
        if self.after is not None:
            await self.after(self.asked[-1])
        return answer

    def pages(self) -> list[dict[str, Any]]:
        return [each for each in self.asked if each["path"] == "/v1/events"]


def watch(life: Life) -> Watched:
    """All that the life asks Stripe for from here on."""
    gateway = Watched(life.runtime.gateway)
    life.runtime = replace(life.runtime, gateway=gateway)
    return gateway


async def begin(life: Life) -> None:
    """The start of a new installation, and its first sweep."""
    async with life.runtime.database.transaction() as session:
        await installation.claim(session, "acct_test", life.runtime.clock(), livemode=False)
    await sweep_events(life.runtime)


async def sweep_again(life: Life) -> int:
    """The next sweep, as soon as it is due."""
    life.sandbox.advance(seconds=life.runtime.sweep_every.total_seconds() + 1)
    return await sweep_events(life.runtime)


async def apply_all(life: Life) -> None:
    """Until nothing is due, when every second of now is over."""
    for _ in range(20):
        life.sandbox.advance(seconds=3)
        if not await apply_due(life.runtime, now=life.runtime.clock()):
            return
    raise AssertionError


async def walk_of(life: Life) -> Walk:
    async with life.runtime.database.read() as session:
        return (await session.exec(select(Walk))).one()


def silent(kind: str, report: Report, finding: Finding | None) -> None:
    """Nobody watches."""


async def reconcile(runtime: Runtime, *kinds: str, since: datetime | None = None, dry_run: bool = False) -> Report:
    return await walk(runtime, reconciliation(list(kinds), since, dry_run=dry_run), silent)


async def take_in(runtime: Runtime, key: str | None = None) -> Report:
    return await walk(runtime, first_import(key), silent)


def counts(report: Report) -> dict[str, dict[str, int]]:
    """By kind, what is not zero; what is the same is left out."""
    found = {
        kind: {name: count for name, count in tally.outcomes.items() if count and name != Outcome.SAME}
        for kind, tally in report.kinds.items()
    }
    return {kind: outcomes for kind, outcomes in found.items() if outcomes}
