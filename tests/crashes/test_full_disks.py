"""A webhook while the disk is full: refused, so that Stripe delivers it again, and stored as soon as there is room."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlmodel import select

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.stripe_gateway import StripeGateway
from billing.tables import StripeEvent
from tests.api.conftest import make_settings
from tests.api.test_webhooks import deliver, event
from tests.conftest import DATABASES
from tests.crashes.conftest import Stage
from tests.crashes.losing_the_database import Filler, reach
from tests.crashes.places import is_small
from tests.factories import NOW

__all__ = ["make_settings"]

# Longer than the room that is left in any page that is begun.
LONG = "x" * 200_000


@asynccontextmanager
async def serving(database: Database, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    gateway = StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")
    runtime = Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: NOW)
    transport = httpx.ASGITransport(create_app(settings, runtime), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://assent") as http:
        yield http
    await gateway.close()


async def stored(database: Database) -> list[str]:
    async with database.read() as session:
        return sorted((await session.exec(select(StripeEvent.stripe_id))).all())


@pytest.mark.parametrize("stage", DATABASES, indirect=True)
async def test_an_event_that_cannot_be_written_is_not_acknowledged(
    stage: Stage, make_settings: Callable[..., Settings]
) -> None:
    place = stage.stand.place
    if not is_small(place.disk):
        pytest.skip("no disk of our own could be mounted here")
    url = place.copy(None)
    database, filler = Database(url), Filler(place, url)
    body = event(id="evt_2", data={"object": {"id": "cus_1", "object": "customer", "description": LONG}})
    async with serving(database, make_settings()) as http:
        assert await deliver(http, event()) == 200
        filler.fill()
        try:
            assert await deliver(http, body) >= 500
        finally:
            filler.remove()
        await reach(database)
        assert await stored(database) == ["evt_1"]
        assert await deliver(http, body) == 200
        assert await stored(database) == ["evt_1", "evt_2"]
    await database.close()
    place.drop(url)
