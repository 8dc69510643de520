"""Where the matrix is played: a row is prepared once, and each of its cells begins from a copy of that."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from billing import installation
from billing.applier import sweep_drafts
from billing.callers import Caller
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import KeyScope
from schema.build import build
from schema.context import Context
from tests.billing.life import Life
from tests.crash_proxy import CrashProxy
from tests.crashes.declaring import Input, Row, in_the_background
from tests.crashes.places import Place
from tests.moving_sandbox import MovingSandbox, moving_sandbox
from tests.sandbox_client import KEY

CLIENT = Caller("shop", KeyScope.ADMIN)
SHOP = "https://shop.example/"
SCHEMA = build()

# As a client sees it: the class of the error, None for success, and these where there was no payload.
FAULT, LOST = "server fault", "no answer"
UNAVAILABLE = "StripeUnavailable"
Outcome = str | None

SWEEP_EVERY = 0.5
# How much later the sweeps look, again and again: past a lease, past the giving up of charges, past Stripe's keys.
LATER = ({"minutes": 2}, {"minutes": 11}, {"hours": 24})


@dataclass(frozen=True)
class Prepared:
    """A row, ready to be asked: the database, the folder of the sandbox's state, and the input."""

    row: Row
    database_url: str
    folder: Path
    given: Input | None


@dataclass
class World:
    """One cell's. `life` reaches Stripe whatever the weather, `hindered` through the proxy."""

    prepared: Prepared
    place: Place
    folder: Path
    database_url: str
    sandbox: MovingSandbox
    proxy: CrashProxy
    life: Life
    hindered: Life

    async def act(self, *, hindered: bool = True) -> Outcome:
        """What the row is about; how it ended for the client."""
        life, row = self.hindered if hindered else self.life, self.prepared.row
        if row.mutation is None:
            await in_the_background(life)
            return None
        context = Context(life.runtime, CLIENT, "request", "https://pay.example", ["s" * 32])
        result = await SCHEMA.execute(row.document, {"input": self.prepared.given}, context)
        return outcome_of({"errors": result.errors, "data": result.data}, row.mutation)

    async def come_back(self) -> Outcome:
        """The client asks again, with the same key, until it is told something definite; workers work meanwhile."""
        told = asyncio.Event()
        working = asyncio.create_task(self._work_until(told))
        try:
            for _ in range(5):
                outcome = await self.act(hindered=False)
                if outcome not in (FAULT, UNAVAILABLE):
                    break
            return outcome
        finally:
            told.set()
            await working

    async def _work_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), SWEEP_EVERY)
            await self.life.sweep()

    async def pass_time(self) -> None:
        """A day, in which the sweeps work and Stripe's events arrive."""
        for span in LATER:
            self.sandbox.advance(**span)
            await self.calm_down()

    async def calm_down(self) -> None:
        """Whatever the sweeps and Stripe's events have to bring about now."""
        await in_the_background(self.life)
        await self.life.catch_up()
        # Where an invoice and its payment were applied at once, they are left to this.
        await sweep_drafts(self.life.runtime)


def outcome_of(answer: dict[str, Any], mutation: str) -> Outcome:
    """As a client sees an answer."""
    payload = (answer.get("data") or {}).get(mutation)
    if answer.get("errors") or payload is None:
        return FAULT
    return str(payload["error"]["__typename"]) if payload["error"] else None


@dataclass
class Stand:
    """All cells of one database. Closed by its `close`."""

    place: Place
    folder: Path

    async def prepare(self, row: Row) -> Prepared:
        """Brings about what the row needs."""
        folder = self.folder / uuid4().hex
        folder.mkdir()
        url = self.place.copy(None)
        with moving_sandbox(folder) as sandbox:
            async with _life(url, sandbox, sandbox.base_url) as life:
                now = life.runtime.clock()
                async with life.runtime.database.transaction() as session:
                    await installation.claim(session, life.runtime.gateway.account, now, livemode=False)
                given = await row.prepare(life)
                if row.mutation is not None:
                    await life.catch_up()
        return Prepared(row, url, folder, given)

    @asynccontextmanager
    async def world(self, prepared: Prepared) -> AsyncIterator[World]:
        """The prepared row, as if nothing had been asked yet."""
        folder = self.folder / uuid4().hex
        shutil.copytree(prepared.folder, folder)
        url = self.place.copy(prepared.database_url)
        try:
            with moving_sandbox(folder) as sandbox, CrashProxy(sandbox.base_url) as proxy:
                async with _life(url, sandbox, sandbox.base_url) as life, _life(url, sandbox, proxy.base_url) as other:
                    proxy.seen.clear()
                    yield World(prepared, self.place, folder, url, sandbox, proxy, life, other)
        finally:
            self.place.drop(url)
            shutil.rmtree(folder)

    def forget(self, prepared: Prepared) -> None:
        """Removes what was prepared."""
        self.place.drop(prepared.database_url)
        shutil.rmtree(prepared.folder)


@asynccontextmanager
async def _life(url: str, sandbox: MovingSandbox, stripe: str) -> AsyncIterator[Life]:
    database, gateway = Database(url), StripeGateway(KEY, account="", base=stripe)
    try:
        gateway.account, _ = await installation.account(gateway)
        runtime = Runtime(database, gateway, allows_redirect=lambda to: to.startswith(SHOP), clock=sandbox.now)
        yield Life(replace(runtime, refund_outside_consent=True), sandbox)
    finally:
        await gateway.close()
        await database.close()
