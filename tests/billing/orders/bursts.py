"""Events of many objects at once, through the inbox and the applier as they are, and what that asks of Stripe."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlmodel import col, func, select

from billing.applier import apply_due
from billing.database import Database
from billing.mirror.kinds import KINDS
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.tables import EventStatus, StripeEvent, StripeObject
from tests.billing.life import A_MOMENT, ROUNDS, Life
from tests.billing.orders.recording import JSONObject
from tests.billing.ready import ready
from tests.billing.renewing import CARD
from tests.comparing import differences
from tests.moving_sandbox import moving_sandbox
from tests.sandbox_client import KEY

# How many places an event may come too late, and how many come at once.
JITTER = 12
AT_ONCE = 16

# Stripe tells of an invoice payment when it is paid, and not when it is opened or given up.
TOLD = [type for type in KINDS if type != "invoice_payment"]


class CountingGateway(StripeGateway):
    """Counts what is read."""

    reads = 0

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        """As the real one."""
        self.reads += request.method == "get"
        return await super().send(request, idempotency_key=idempotency_key)


@dataclass(frozen=True)
class Burst:
    """What came of it."""

    events: int
    reads: int
    differences: list[str]


async def a_burst(folder: Path, database: Database, lives: int) -> Burst:
    """So many subscriptions, paid and renewed twice; then all that happened comes at once, nearly in order."""
    with moving_sandbox(folder) as sandbox:
        gateway = CountingGateway(KEY, account="acct_test", base=sandbox.base_url)
        life = Life(Runtime(database, gateway, allows_redirect=bool, clock=sandbox.now), sandbox)
        for _ in range(lives):
            it = await ready(life.runtime, sandbox, card=CARD)
            await it.subscribe()
        sandbox.advance(days=64)
        events = await life.new_events()
        reads = await deliver(life, gateway, jittered(events))
        found = Burst(len(events), reads, await differences(life.runtime, types=TOLD))
        await gateway.close()
    return found


def jittered(events: Sequence[JSONObject]) -> list[JSONObject]:
    """Nearly in order."""
    chance = Random(11)  # noqa: S311 - for the same order every time
    late = sorted(enumerate(events), key=lambda each: each[0] + chance.uniform(0, JITTER))
    return [event for _, event in late]


async def deliver(life: Life, gateway: CountingGateway, events: Sequence[JSONObject]) -> int:
    """Stores the events, some at a time, and applies until nothing waits; how often Stripe was read for it."""
    before = gateway.reads
    for some in chunks(events):
        await life.store(some)
        await apply_due(life.runtime, now=life.runtime.clock())
    for _ in range(ROUNDS):
        await apply_due(life.runtime, now=life.runtime.clock())
        if not await is_waiting(life.runtime):
            return gateway.reads - before
        life.sandbox.advance(seconds=A_MOMENT)
    raise AssertionError("Something waits for ever.")


def chunks(events: Sequence[JSONObject]) -> Iterator[list[JSONObject]]:
    """What comes at once."""
    return (list(events[at : at + AT_ONCE]) for at in range(0, len(events), AT_ONCE))


async def is_waiting(runtime: Runtime) -> bool:
    """Whether an event is not done with, or an object is to be read again."""
    events = select(func.count()).where(col(StripeEvent.status).in_((EventStatus.RECEIVED, EventStatus.FAILED)))
    objects = select(func.count()).where(col(StripeObject.refresh_at).is_not(None))
    async with runtime.database.read() as session:
        return bool((await session.exec(events)).one() + (await session.exec(objects)).one())


def in_another_version(event: JSONObject) -> JSONObject:
    """As the sweep finds it: with a snapshot of another shape."""
    told: JSONObject = json.loads(json.dumps({**event, "api_version": "2020-08-27"}))
    identity = {name: told["data"]["object"][name] for name in ("id", "object")}
    owner = {name: each for name, each in told["data"]["object"].items() if name == "customer"}
    return {**told, "data": {"object": {**identity, **owner}}}
