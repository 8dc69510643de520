"""Who calls: keys, tokens, and nothing else."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.requests import Request

from api.authentication import Identity, NoCredential, Unauthenticated, authenticate
from billing import keys, tokens
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.signals import Signals
from billing.tables import Customer, KeyScope
from tests.api.conftest import TOKEN_SECRETS, Clock, bearer, make_key
from tests.factories import NOW

QUERY = {"query": "{ viewer { id } }"}


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": ("10.0.0.1", 1), "headers": raw})


async def who(runtime: Runtime, settings: Settings, credential: str, **headers: str) -> Identity:
    return await authenticate(runtime, settings, request(**headers), f"Bearer {credential}")


async def test_a_key_acts_as_the_merchant_under_its_name(runtime: Runtime, settings: Settings) -> None:
    text = await make_key(runtime.database, "shop", KeyScope.WRITE)
    identity = await who(runtime, settings, text, user_agent="curl")
    assert (identity.caller.name, identity.caller.scope) == ("shop", KeyScope.WRITE)
    assert (identity.caller.ip_address, identity.caller.user_agent) == ("10.0.0.1", "curl")
    assert not identity.caller.is_customer
    assert identity.caller.party == "merchant"


async def test_a_token_acts_as_its_customer_until_its_end(
    runtime: Runtime, settings: Settings, clock: Clock, customer: Customer, token: str
) -> None:
    identity = await who(runtime, settings, token)
    assert identity.caller.customer_id == customer.id
    assert identity.caller.scope is None
    assert identity.expires_at == NOW + timedelta(hours=1)
    clock.now = NOW + timedelta(hours=1)
    assert not await identity.stands(runtime)
    with pytest.raises(Unauthenticated):
        await who(runtime, settings, token)


async def test_an_address_seen_by_a_trusted_proxy_is_the_caller_s(
    runtime: Runtime, make_settings: Callable[..., Settings], token: str
) -> None:
    forwarded = {"x_forwarded_for": "1.1.1.1, 198.51.100.1"}
    behind = await who(runtime, make_settings(trusted_proxies="10.0.0.0/8"), token, **forwarded)
    alone = await who(runtime, make_settings(), token, **forwarded)
    assert (behind.caller.ip_address, alone.caller.ip_address) == ("198.51.100.1", "10.0.0.1")


async def test_a_revoked_key_stands_no_more(runtime: Runtime, settings: Settings, database: Database) -> None:
    text = await make_key(database, "shop", KeyScope.READ)
    identity = await who(runtime, settings, text)
    assert await identity.stands(runtime)
    async with database.transaction() as session:
        await keys.revoke(session, Signals(), "shop", NOW)
    assert not await identity.stands(runtime)
    with pytest.raises(Unauthenticated):
        await who(runtime, settings, text)


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic YWRtaW46", "ak_production_x", "Bearer ak_production_x", "Bearer a.b.c", "é"]
)
async def test_what_is_no_credential_opens_nothing(runtime: Runtime, settings: Settings, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await authenticate(runtime, settings, request(), header)


@pytest.mark.parametrize("header", [None, ""])
async def test_no_credential_is_told_from_a_bad_one(runtime: Runtime, settings: Settings, header: str | None) -> None:
    with pytest.raises(NoCredential):
        await authenticate(runtime, settings, request(), header)


DOCUMENT = tokens.issue_document(uuid4(), TOKEN_SECRETS, NOW)[0]


@pytest.mark.parametrize("headers", [{}, bearer("ak_production_x"), bearer(DOCUMENT)])
async def test_a_refusal_is_graphql_s_and_says_what_to_send(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await http.post("/graphql", json=QUERY, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    body: dict[str, Any] = answer.json()
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in body


async def test_a_token_sees_its_customer_over_http(http: httpx.AsyncClient, token: str, customer: Customer) -> None:
    answer = await http.post("/graphql", json=QUERY, headers=bearer(token))
    assert answer.json() == {"data": {"viewer": {"id": f"customer_{customer.id}"}}}


@pytest.mark.parametrize("path", ["/metrics", "/assets/graphiql.min.js", "/nothing", "/documents/x", "/static/"])
async def test_without_a_credential_there_is_nothing_but_health(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code in (401, 404)
    assert (await http.get("/healthz")).status_code == 200
