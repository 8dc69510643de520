"""Health: what is asked of outside, and by whom."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.stripe_gateway import StripeGateway
from billing.tables import KeyScope
from tests.api.conftest import Clock, bearer, client_of, make_key
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


async def test_figures_are_for_this_machine_and_for_admins(app: Starlette, database: Database, key: str) -> None:
    reader = await make_key(database, "reader", KeyScope.READ)
    async with client_of(app) as local, client_of(app, peer="203.0.113.7") as other:
        assert "assent_inbox_lag_seconds 0.0" in (await local.get("/metrics")).text
        assert (await other.get("/metrics")).status_code == 401
        assert (await other.get("/metrics", headers=bearer(reader))).status_code == 401
        assert (await other.get("/metrics", headers=bearer("x"))).status_code == 401
        assert "assent_http_seconds" in (await other.get("/metrics", headers=bearer(key))).text


async def test_figures_name_routes_and_not_paths(http: httpx.AsyncClient, key: str) -> None:
    await http.get("/documents/eyJ.secret.token")
    await http.get("/anything/at/all")
    figures = (await http.get("/metrics", headers=bearer(key))).text
    assert "secret" not in figures
    assert "anything" not in figures
