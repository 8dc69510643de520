"""Health: what is asked of outside, and by whom."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.stripe_gateway import StripeGateway
from tests.api.conftest import Clock, client_of
from tests.factories import NOW, create_stripe_event


async def test_a_server_that_can_work_is_ready(http: httpx.AsyncClient) -> None:
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "problems": [], "inboxLagSeconds": 0.0})


async def test_events_that_wait_too_long_make_it_unready(
    http: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    async with database.transaction() as session:
        await create_stripe_event(session, status="RECEIVED", applied_at=None)
        await create_stripe_event(session, status="RECEIVED", applied_at=None, due_at=NOW + timedelta(days=1))
        await create_stripe_event(session, status="APPLIED", received_at=NOW - timedelta(days=1))
    clock.now = NOW + timedelta(seconds=299)
    assert (await http.get("/readyz")).json()["inboxLagSeconds"] == 299
    clock.now = NOW + timedelta(seconds=301)
    answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert "301 seconds" in answer.json()["problems"][0]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///empty.sqlite3", "assent migrate"),
        ("postgresql://assent:verysecret@127.0.0.1:9/assent", "cannot be used"),
    ],
)
async def test_a_database_that_is_away_or_unmigrated_makes_it_unready(
    make_settings: Callable[..., Settings], url: str, problem: str
) -> None:
    database, gateway = Database(url), StripeGateway("sk_test_00000000", account="acct_test")
    runtime = Runtime(database, gateway, allows_redirect=lambda _: True)
    async with client_of(create_app(make_settings(), runtime)) as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert problem in answer.json()["problems"][0]
        assert "verysecret" not in answer.text
        assert (await client.get("/healthz")).status_code == 200
    await database.close()
    await gateway.close()
