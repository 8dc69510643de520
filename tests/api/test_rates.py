"""How often a caller may call: over HTTP, over sockets, and over several processes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api import rates
from api.app import create_app
from api.rates import Rates, TooMany
from billing.callers import Caller
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import KeyScope
from tests.api.conftest import Clock, bearer, client_of, make_key, serving
from tests.factories import NOW

QUERY = {"query": "{ __typename }"}
KEY = Caller("shop", KeyScope.READ)
WRONG = bearer("ak_production_wrong")


@pytest.fixture
def few(make_settings: Callable[..., Settings]) -> Settings:
    """Three of each in a minute."""
    return make_settings(key_requests_per_minute=3, customer_requests_per_minute=3, failed_authentications_per_minute=3)


@pytest.fixture
async def limited(few: Settings, runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that lets in three of each."""
    async with client_of(create_app(few, runtime), peer="203.0.113.7") as client:
        yield client


async def ask(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
    return await client.post("/graphql", json=QUERY, headers=headers)


async def statuses(client: httpx.AsyncClient, headers: dict[str, str], times: int) -> list[int]:
    return [(await ask(client, headers)).status_code for _ in range(times)]


async def test_who_asks_too_often_is_told_when_to_come_back(limited: httpx.AsyncClient, key: str, clock: Clock) -> None:
    assert await statuses(limited, bearer(key), 3) == [200] * 3
    refused = await ask(limited, bearer(key))
    assert refused.status_code == 429
    assert refused.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED"}
    wait = int(refused.headers["retry-after"])
    clock.now += timedelta(seconds=wait - 1)
    assert await statuses(limited, bearer(key), 1) == [429]
    clock.now += timedelta(seconds=1)
    assert await statuses(limited, bearer(key), 2) == [200, 429]


async def test_each_key_and_each_customer_has_a_limit_of_its_own(
    limited: httpx.AsyncClient, key: str, token: str, database: Database
) -> None:
    other = await make_key(database, "other", KeyScope.READ)
    for credential in (key, token, other):
        assert await statuses(limited, bearer(credential), 4) == [200, 200, 200, 429]


async def test_wrong_credentials_are_limited_by_address_and_lock_nobody_out(
    few: Settings, runtime: Runtime, key: str
) -> None:
    app = create_app(few, runtime)
    async with client_of(app, peer="203.0.113.7") as here, client_of(app, peer="203.0.113.8") as there:
        assert await statuses(here, WRONG, 4) == [401, 401, 401, 429]
        assert (await ask(here, WRONG)).headers["retry-after"]
        assert await statuses(here, bearer(key), 1) == [200]
        assert await statuses(here, {}, 1) == [401]
        assert await statuses(there, WRONG, 1) == [401]


@pytest.mark.parametrize("path", ["/documents/wrong", "/metrics"])
async def test_other_doors_count_what_is_wrong_too(limited: httpx.AsyncClient, path: str) -> None:
    for _ in range(3):
        assert (await limited.get(path, headers=WRONG)).status_code in (401, 404)
    assert await statuses(limited, WRONG, 1) == [429]


async def test_addresses_of_one_network_of_ipv6_are_one(few: Settings, runtime: Runtime) -> None:
    counts = Rates(few, runtime.database, runtime.clock)
    for number in range(3):
        counts.fail(f"2001:db8::{number}")
    with pytest.raises(TooMany):
        counts.fail("2001:db8::ffff")
    counts.fail("2001:db8:0:1::1")
    counts.fail(None)


async def test_a_socket_s_operations_and_introductions_count(few: Settings, runtime: Runtime, key: str) -> None:
    async with serving(create_app(few, runtime)) as address:
        async with conversation(address, key) as socket:
            assert (await heard(socket))["type"] == "connection_ack"
            told = [await operate(socket, number) for number in range(3)]
            assert [each["type"] for each in told] == ["next", "next", "error"]
            [error] = told[-1]["payload"]
            assert error["extensions"]["code"] == "RATE_LIMITED"
            assert error["extensions"]["retryAfterSeconds"] > 0
        async with conversation(address, key) as socket:
            with pytest.raises(ConnectionClosed):
                await heard(socket)
            assert socket.close_code == 4429


async def test_a_limit_holds_over_processes_that_share_a_database(few: Settings, database: Database) -> None:
    clock, key = Clock(), uuid4()
    here, there = (Rates(few, database, clock) for _ in range(2))
    here.admit(KEY, key)
    here.admit(KEY, key)
    there.admit(KEY, key)
    await asyncio.gather(here.share(), there.share())
    for each in (here, there):  # whoever was told first has not heard of the other yet
        await each.share()
    if database.dialect == "sqlite":
        there.admit(KEY, key)  # one process serves it
        return
    for each in (here, there):
        with pytest.raises(TooMany):
            each.admit(KEY, key)
    clock.now += timedelta(minutes=2)
    await here.share()
    here.admit(KEY, key)
    assert here.counts[f"key:{key}"].now == 1


async def test_what_was_counted_while_it_was_told_is_not_lost(few: Settings, database: Database) -> None:
    counts, key = Rates(few, database, Clock()), uuid4()
    counts.admit(KEY, key)
    sharing = asyncio.create_task(counts.share())
    await asyncio.sleep(0)
    counts.admit(KEY, key)
    await sharing
    await counts.share()
    assert counts.counts[f"key:{key}"].now == 2


async def test_counts_go_on_while_the_database_is_away(
    few: Settings, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "SHARE_EVERY", 0.01)
    counts = Rates(few, runtime.database, runtime.clock)
    async with runtime.database.transaction() as session:
        await (await session.connection()).exec_driver_sql("DROP TABLE request_counts")
    counts.fail("203.0.113.7")
    sharing = asyncio.create_task(counts.keep_sharing())
    await asyncio.sleep(0.3)
    assert not sharing.done()
    sharing.cancel()
    assert counts.counts["address:203.0.113.7"].now == 1


def test_a_minute_s_rest_counts_in_the_next(few: Settings, make_settings: Callable[..., Settings]) -> None:
    clock = Clock(NOW.replace(second=59))
    counts: Any = Rates(make_settings(key_requests_per_minute=60), None, clock)  # type: ignore[arg-type]
    for _ in range(60):
        counts.admit(KEY, 1)
    clock.now += timedelta(seconds=1)
    with pytest.raises(TooMany) as refused:
        counts.admit(KEY, 1)
    assert refused.value.retry_after == 1
    clock.now += timedelta(seconds=30)
    for _ in range(30):
        counts.admit(KEY, 1)
    with pytest.raises(TooMany):
        counts.admit(KEY, 1)


@asynccontextmanager
async def conversation(address: str, key: str) -> AsyncIterator[ClientConnection]:
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as socket:
        payload = {"authorization": f"Bearer {key}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
        yield socket


async def operate(socket: ClientConnection, number: int) -> Any:
    await socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": QUERY}))
    told = await heard(socket)
    if told["type"] == "next":
        assert (await heard(socket))["type"] == "complete"
    return told


async def heard(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 20))
