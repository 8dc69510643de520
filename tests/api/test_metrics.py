"""`/metrics`: who may see it, and that its figures move, are the database's, and have bounded labels."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from api.app import create_app
from billing.applier import apply_due
from billing.database import Database
from billing.errors import StripeUnavailable
from billing.runtime import Runtime
from billing.settings import Settings
from billing.stripe_gateway import Request, StripeGateway
from billing.tables import Hold, KeyScope, Operation, new_id
from tests.api.conftest import Clock, bearer, client_of, make_key
from tests.api.test_webhooks import deliver, event
from tests.factories import NOW, create_customer, create_stripe_event, create_subscription

TOKEN = "a token of metrics that nobody guesses"

Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Figures:
    """As Prometheus reads it; each series once."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    figures = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}
    assert len(figures) == len(samples)
    return figures


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures.get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture
async def local(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Prometheus on this machine."""
    async with client_of(app) as client:
        yield client


async def scraped(client: httpx.AsyncClient) -> Figures:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return parsed(answer.text)


async def test_they_are_for_this_machine_for_the_token_and_for_admins(
    make_settings: Callable[..., Settings], runtime: Runtime, database: Database, key: str
) -> None:
    reader = await make_key(database, "reader", KeyScope.READ)
    app = create_app(make_settings(metrics_token=TOKEN), runtime)
    async with client_of(app) as here, client_of(app, peer="203.0.113.7") as other:
        for credential in ({}, bearer(reader), bearer("x"), bearer(TOKEN[:-1])):
            assert (await other.get("/metrics", headers=credential)).status_code == 401
        assert (await here.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})).status_code == 401
        assert (await here.get("/metrics")).status_code == 200
        for credential in (bearer(TOKEN), bearer(key)):
            assert (await other.get("/metrics", headers=credential)).status_code == 200


async def test_without_a_token_in_the_settings_no_token_opens_them(http: httpx.AsyncClient) -> None:
    for guess in ("", "None", "Bearer", "Bearer "):
        assert (await http.get("/metrics", headers={"Authorization": guess})).status_code == 401


async def test_what_waits_is_counted_by_the_database(
    local: httpx.AsyncClient, database: Database, clock: Clock
) -> None:
    async with database.transaction() as session:
        await create_stripe_event(session, status="RECEIVED", applied_at=None)
        await create_stripe_event(
            session, status="RECEIVED", applied_at=None, received_at=NOW - timedelta(hours=1), due_at=NOW + timedelta(1)
        )
        await create_stripe_event(session, status="FAILED", applied_at=None)
        await create_stripe_event(session, status="APPLIED", received_at=NOW - timedelta(days=1))
        session.add_all([an_operation("PENDING"), an_operation("UNKNOWN"), an_operation("SUCCEEDED")])
    clock.now = NOW + timedelta(seconds=90)
    figures = await scraped(local)
    assert value(figures, "assent_inbox_lag_seconds") == 90
    assert value(figures, "assent_inbox_oldest_unapplied_seconds") == 3690
    states = {state: value(figures, "assent_inbox_events", state=state) for state in ("due", "waiting", "failed")}
    assert states == {"due": 1, "waiting": 1, "failed": 1}
    open_ones = {labels: each for (name, labels), each in figures.items() if name == "assent_operations_open"}
    about = ("mutation", "chargePaymentMethod")
    assert open_ones == {(about, ("status", "PENDING")): 1, (about, ("status", "UNKNOWN")): 1}
    async with database.transaction() as session:
        session.add(an_operation("PENDING"))
    again = await scraped(local)
    assert value(again, "assent_operations_open", mutation="chargePaymentMethod", status="PENDING") == 2


def an_operation(status: str) -> Operation:
    return Operation(
        id=new_id(),
        created_at=NOW,
        mutation="chargePaymentMethod",
        party="merchant",
        key=str(new_id()),
        input_hash="",
        actor="back office",
        intent={},
        status=status,
        due_at=NOW,
        updated_at=NOW,
    )


async def test_what_came_of_events_is_counted_by_their_type_and_strange_types_together(
    local: httpx.AsyncClient, runtime: Runtime, clock: Clock
) -> None:
    before = await scraped(local)
    assert await deliver(local, event(id="evt_a", type="anything.at.all")) == 200
    assert await deliver(local, event(id="evt_b", data={"object": {"id": "cus_9", "object": "customer"}})) == 200
    assert await deliver(local, b"{}") == 400
    unsigned = await local.post("/webhooks/stripe", content=b"{}", headers={"Stripe-Signature": "t=1,v1=0"})
    assert unsigned.status_code == 400
    clock.now += timedelta(seconds=1)
    await apply_due(runtime, now=clock.now)
    after = await scraped(local)

    def moved(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert moved("assent_webhook_deliveries_total", outcome="stored") == 2
    assert moved("assent_webhook_deliveries_total", outcome="refused") == 1
    assert moved("assent_webhook_deliveries_total", outcome="unsigned") == 1
    came = {
        labels: each - before.get((name, labels), 0)
        for (name, labels), each in after.items()
        if name == "assent_stripe_events_total"
    }
    assert sum(came.values()) == 2
    assert {dict(labels)["type"] for labels, count in came.items() if count} == {"other", "customer.updated"}
    assert "anything" not in str(after.keys())


async def test_calls_to_stripe_are_counted_by_endpoint_and_never_by_object(
    local: httpx.AsyncClient, runtime: Runtime
) -> None:
    before = await scraped(local)
    with pytest.raises(StripeUnavailable):
        await runtime.gateway.send(Request("post", "/v1/customers/cus_secret_one", {}))
    labels = {"method": "post", "endpoint": "/v1/customers/{id}", "outcome": "unavailable"}
    after = await scraped(local)
    counts = [value(each, "assent_stripe_seconds_count", **labels) for each in (before, after)]
    assert counts[1] == counts[0] + 1
    assert "cus_secret" not in str(after.keys())


async def test_routes_are_named_and_not_paths(http: httpx.AsyncClient, key: str) -> None:
    await http.get("/documents/eyJ.secret.token")
    await http.get("/anything/at/all")
    figures = (await http.get("/metrics", headers=bearer(key))).text
    assert "secret" not in figures
    assert "anything" not in figures


async def test_held_renewals_are_those_of_now(local: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        customer = await create_customer(session)
        subscription = await create_subscription(session, customer)
        for ended in (None, None, NOW):
            hold = Hold(
                created_at=NOW,
                subscription_id=subscription.id,
                customer_id=customer.id,
                reason="CONSENT_REVOKED",
                message="",
                ended_at=ended,
            )
            session.add(hold)
    assert value(await scraped(local), "assent_renewals_held_now", reason="CONSENT_REVOKED") == 2


async def test_a_database_that_is_away_leaves_the_process_s_own_figures(
    make_settings: Callable[..., Settings],
) -> None:
    database = Database("postgresql://assent:verysecret@127.0.0.1:9/assent")
    gateway = StripeGateway("sk_test_00000000", account="acct_test")
    async with client_of(create_app(make_settings(), Runtime(database, gateway, lambda _: True))) as client:
        figures = await scraped(client)
    assert value(figures, "assent_database_up") == 0
    assert not any(name == "assent_inbox_lag_seconds" for name, _ in figures)
    [build] = [dict(labels) for name, labels in figures if name == "assent_build_info"]
    assert build["stripe_api_version"] == "2026-10-28.endive"
    await database.close()
    await gateway.close()
