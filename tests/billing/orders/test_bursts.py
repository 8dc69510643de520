"""Events of real lives through the real inbox and applier, in random orders."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.database import Database
from billing.errors import StripeRejected
from billing.runtime import Runtime
from tests.billing.life import Life
from tests.billing.orders.bursts import TOLD, CountingGateway, a_burst, chunks, deliver, in_another_version
from tests.billing.orders.recording import JSONObject
from tests.billing.ready import Ready, ready
from tests.billing.renewing import CARD, change
from tests.comparing import differences
from tests.moving_sandbox import moving_sandbox
from tests.sandbox_client import KEY

# Lives that are made up, on each database, and the share of deliveries that are lost until the sweep.
STORIES, LOST = 5, 0.1

CHANGES: dict[str, JSONObject] = {
    "metadata": {"metadata": {"desk": "4"}},
    "no metadata": {"metadata": {"desk": ""}},
    "pause": {"pause_collection": {"behavior": "void"}},
    "resume": {"pause_collection": ""},
    "cancel later": {"cancel_at_period_end": True},
    "cancel not": {"cancel_at_period_end": False},
}
deeds = st.sampled_from([*CHANGES, "decline", "a month", "a day", "refund", "dispute", "cancel"])
stories = st.lists(deeds, min_size=3, max_size=7)


async def do(life: Life, it: Ready, subscription: str, deed: str) -> None:
    """What somebody else does at Stripe, or what time does; what Stripe does not allow is not done."""
    path = f"/v1/subscriptions/{subscription}"
    with suppress(StripeRejected):
        match deed:
            case "a month" | "a day":
                life.sandbox.advance(days=32 if deed == "a month" else 1)
            case "decline":
                life.sandbox.control("payments/fail_next", payment_method=it.method.stripe_id)
            case "refund":
                [paid, *_] = await it.at_stripe("payment_intents")
                await change(life.runtime, "/v1/refunds", {"payment_intent": paid["id"], "amount": 100})
            case "dispute":
                await dispute(life, it)
            case "cancel":
                await change(life.runtime, path, {}, "delete")
            case _:
                await change(life.runtime, path, CHANGES[deed])


async def dispute(life: Life, it: Ready) -> None:
    [paid, *_] = await it.at_stripe("payment_intents")
    if paid["status"] == "succeeded" and not await life.runtime.gateway.list_all("/v1/disputes"):
        life.sandbox.control("disputes/open", payment_intent=paid["id"], reason="general")


class Post:
    """Carries events, and loses, repeats and delays them."""

    def __init__(self, chance: Random) -> None:
        self._chance, self._late, self._lost = chance, list[JSONObject](), list[JSONObject]()

    def deliver(self, events: list[JSONObject]) -> list[JSONObject]:
        """What arrives now."""
        for event in events:
            (self._lost if self._chance.random() < LOST else self._late).append(event)
            if self._chance.random() < LOST:  # told in two events, as Stripe does at times
                self._late.append({**event, "id": f"evt_{uuid4().hex}"})
        self._chance.shuffle(self._late)
        many = self._chance.randint(0, len(self._late))
        now, self._late = self._late[:many], self._late[many:]
        return now

    def rest(self) -> list[JSONObject]:
        """What was late; then what only the sweep finds, half of it in another version of the API."""
        swept = [in_another_version(each) if self._chance.random() < 1 / 2 else each for each in self._lost]
        return [*self._late, *swept]


async def play(life: Life, gateway: CountingGateway, story: list[str], chance: Random) -> None:
    it, post = await ready(life.runtime, life.sandbox, card=CARD), Post(chance)
    await it.subscribe()
    [there] = await it.at_stripe("subscriptions")
    for deed in story:
        await do(life, it, there["id"], deed)
        for some in chunks(post.deliver(await life.new_events())):
            await deliver(life, gateway, some)
    await deliver(life, gateway, post.rest())
    await life.catch_up()
    assert await differences(life.runtime, types=TOLD) == []


def test_random_lives_delivered_at_random_end_as_they_are_at_stripe(database_url: str, tmp_path: Path) -> None:
    with moving_sandbox(tmp_path) as sandbox, asyncio.Runner() as runner:
        database, gateway = runner.run(opened(database_url, sandbox.base_url))
        life = Life(Runtime(database, gateway, allows_redirect=bool, clock=sandbox.now), sandbox)

        @settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(stories, st.integers(0, 2**32))
        def one(story: list[str], seed: int) -> None:
            runner.run(play(life, gateway, story, Random(seed)))  # noqa: S311 - repeated by its seed

        try:
            one()
        finally:
            runner.run(database.close())
            runner.run(gateway.close())


async def opened(url: str, stripe: str) -> tuple[Database, CountingGateway]:
    return Database(url), CountingGateway(KEY, account="acct_test", base=stripe)


async def test_a_burst_of_events_asks_stripe_for_less_than_one_in_five(database: Database, tmp_path: Path) -> None:
    done = await a_burst(tmp_path, database, 8)
    assert done.differences == []
    assert done.events > 200
    assert done.reads <= 0.2 * done.events, f"{done.reads} reads for {done.events} events"
