"""Many processes on one database: every event once, no object at two of them, whoever is killed or stands still."""

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe
from sqlmodel import select

from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import EventStatus, StripeEvent
from tests.comparing import differences
from tests.running_assent import STRIPE_KEY, WEBHOOK_SECRET, RunningAssent, eventually
from tests.running_sandbox import RunningSandbox, until
from tests.running_worker import RunningWorker

# Each with a price.
OBJECTS = 60
# Of every event, to one server or the other.
DELIVERIES = 2
# Until what a killed or a stopped worker had is anybody's, and applied.
PATIENCE = 60

# What became of each event, and who took an object from whom; it takes its time, so that a kill hits the middle.
WATCH = (
    "CREATE TABLE seen (event text, at timestamptz DEFAULT clock_timestamp())",
    "CREATE TABLE taken_over (stripe_id text, early boolean)",
    """CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_sleep(0.1); INSERT INTO seen (event) VALUES (new.stripe_id); RETURN NULL; END $$""",
    """CREATE FUNCTION see_taking() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO taken_over VALUES (new.stripe_id, old.until > clock_timestamp()); RETURN NULL; END $$""",
    """CREATE TRIGGER see AFTER UPDATE ON stripe_events FOR EACH ROW
      WHEN (old.status = 'RECEIVED' AND new.status <> 'RECEIVED') EXECUTE FUNCTION see()""",
    """CREATE TRIGGER see_taking AFTER UPDATE ON object_leases FOR EACH ROW
      WHEN (old.holder <> new.holder) EXECUTE FUNCTION see_taking()""",
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A Stripe of this test's own: everything in it is compared."""
    with RunningSandbox(tmp_path) as running:
        yield running


def lives_of_products(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    """Products that get a price and other names; what the sandbox told of it."""
    v1 = sandbox.client().v1

    def live(number: int) -> None:
        product = v1.products.create({"name": f"Plan {number}"})
        v1.prices.create({"product": product.id, "currency": "usd", "unit_amount": 100 + number})
        v1.products.update(product.id, {"name": f"Plan {number}, renamed"})
        v1.products.update(product.id, {"active": False})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(live, range(OBJECTS)))
    return [dict(each.to_dict(for_json=True)) for each in v1.events.list({"limit": 100}).auto_paging_iter()]


def deliver(servers: list[RunningAssent], event: dict[str, Any]) -> None:
    """As Stripe does, until somebody has taken it."""
    body = json.dumps(event).encode()
    for _ in until(PATIENCE):
        signature = stripe.WebhookSignature.generate_signature_header(
            body.decode(), WEBHOOK_SECRET, timestamp=int(time.time())
        )
        try:
            if random.choice(servers).deliver(body, str(signature)).is_success:  # noqa: S311 - any
                return
        except httpx.TransportError:
            continue
    raise TimeoutError


async def run(statements: tuple[str, ...], database: Database) -> list[Any]:
    found: list[Any] = []
    async with database.engine.begin() as connection:
        for statement in statements:
            result = await connection.exec_driver_sql(statement)
            found = list(result.all()) if result.returns_rows else []
    return found


def ask(assent: RunningAssent, *statements: str) -> list[Any]:
    return list(assent.within(partial(run, statements)))


def applied(assent: RunningAssent) -> int:
    return int(ask(assent, "SELECT count(*) FROM seen")[0][0])


async def compare(stripe_base: str, database: Database) -> list[str]:
    gateway = StripeGateway(STRIPE_KEY, account="acct_test", base=stripe_base)
    try:
        runtime = Runtime(database, gateway, allows_redirect=lambda _: True)
        return await differences(runtime, types=("product", "price"))
    finally:
        await gateway.close()


def test_a_burst_is_applied_once_and_completely_while_workers_are_killed_and_stand_still(
    postgres_database_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """Two servers, of which one applies too, and three workers, of which one is left."""
    events = lives_of_products(sandbox)
    assert len(events) == 4 * OBJECTS
    (tmp_path / "other").mkdir()
    with ExitStack() as stack:
        first = RunningAssent(tmp_path, postgres_database_url, sandbox.base_url)
        second = RunningAssent(tmp_path / "other", postgres_database_url, sandbox.base_url, APPLIER="false")
        ask(first, *WATCH)
        servers = [stack.enter_context(each) for each in (first, second)]
        killed, stopped, _ = (
            stack.enter_context(RunningWorker(tmp_path, first.settings, f"worker {number}")) for number in range(3)
        )
        with ThreadPoolExecutor(8) as threads:
            order = events * DELIVERIES
            random.shuffle(order)
            delivering = [threads.submit(deliver, servers, each) for each in order]
            eventually(lambda: applied(second) >= 20)
            killed.kill()
            stopped.stand_still()
            first.kill()
            for each in delivering:
                each.result()
        wait_until_applied(second, len(events))
        stopped.go_on()
        assert second.within(partial(compare, sandbox.base_url)) == []
        assert ask(second, "SELECT event FROM seen GROUP BY event HAVING count(*) > 1") == []
        assert ask(second, "SELECT DISTINCT status FROM stripe_events WHERE status NOT IN ('APPLIED', 'SKIPPED')") == []
        taken_over = ask(second, "SELECT early, count(*) FROM taken_over GROUP BY early")
        assert [early for early, _ in taken_over] == [False], "some were left behind, and none was taken too early"
        product = sandbox.client().v1.products.create({"name": "Afterwards"})
        (news,) = (each for each in lists_of(sandbox) if each["data"]["object"]["id"] == product.id)
        deliver([second], news)
        wait_until_applied(second, len(events) + 1)


def lists_of(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    return [dict(each.to_dict(for_json=True)) for each in sandbox.client().v1.events.list({"limit": 10}).data]


def wait_until_applied(assent: RunningAssent, count: int) -> None:
    for _ in until(PATIENCE):
        if applied(assent) >= count:
            return
    left = ask(assent, "SELECT stripe_id, attempts, error, due_at FROM stripe_events WHERE status = 'RECEIVED'")
    raise TimeoutError(f"{applied(assent)} of {count} applied; left {left[:5]}")


def test_a_worker_applies_what_a_server_stores_where_notifications_cannot_be_had(
    database_url: str, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    settings = {"APPLIER": "false", "LIVE_TRANSPORT": "poll"}
    with (
        RunningAssent(tmp_path, database_url, sandbox.base_url, **settings) as assent,
        RunningWorker(tmp_path, assent.settings),
    ):
        sandbox.client().v1.products.create({"name": "Tea Club"})
        for event in lists_of(sandbox):
            deliver([assent], event)
            deliver([assent], event)
        eventually(lambda: statuses(assent) == [EventStatus.APPLIED])
        if database_url.startswith("postgresql"):
            listeners = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            assert ask(assent, listeners) == []


def statuses(assent: RunningAssent) -> list[str]:
    async def look(database: Database) -> list[str]:
        async with database.read() as session:
            return list((await session.exec(select(StripeEvent.status))).all())

    return list(assent.within(look))
