"""The page to come back to: it shows what is known, and nothing that Stripe has not told."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer, SetupSession
from tests.api.conftest import client_of
from tests.factories import create_consent, create_payment_method, create_setup_intent, create_setup_session


@pytest.fixture
async def session(database: Database, customer: Customer) -> SetupSession:
    async with database.transaction() as opened:
        made: SetupSession = await create_setup_session(opened, customer, await create_consent(opened, customer))
    return made


async def test_an_open_session_proves_nothing(http: httpx.AsyncClient, session: SetupSession) -> None:
    answer = await http.get("/return/status", params={"session_id": session.stripe_id})
    assert answer.json() == {"status": "OPEN", "setupStatus": None, "paymentMethod": None}
    page = await http.get("/return", params={"session_id": session.stripe_id})
    assert 'data-state="OPEN"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_a_complete_one_shows_what_was_saved(
    http: httpx.AsyncClient, database: Database, customer: Customer
) -> None:
    async with database.transaction() as opened:
        method = await create_payment_method(opened, customer)
        intent = await create_setup_intent(
            opened, customer, status="succeeded", payment_method_stripe_id=method.stripe_id
        )
        consent = await create_consent(opened, customer)
        done = await create_setup_session(
            opened, customer, consent, status="complete", setup_intent_stripe_id=intent.stripe_id
        )
    answer = await http.get("/return/status", params={"session_id": done.stripe_id})
    assert answer.json() == {"status": "COMPLETE", "setupStatus": "SUCCEEDED", "paymentMethod": "Visa •••• 4242"}


@pytest.mark.parametrize("id", ["cs_unknown", "", "cus_x", "<script>alert(1)</script>", "cs_<script>"])
async def test_an_unknown_one_is_not_found_and_never_run(http: httpx.AsyncClient, id: str) -> None:
    assert (await http.get("/return/status", params={"session_id": id})).status_code == 404
    page = await http.get("/return", params={"session_id": id})
    assert page.status_code == 200
    assert "<script>" not in page.text


async def test_nothing_but_a_session_is_shown(http: httpx.AsyncClient, customer: Customer) -> None:
    assert (await http.get("/return/status", params={"session_id": customer.stripe_id})).status_code == 404


@pytest.fixture
async def live(make_settings: Callable[..., Settings], runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    settings = make_settings(
        stripe_api_key="sk_live_00000000", stripe_api_base=None, allowed_redirect_origins="https://shop.example"
    )
    async with client_of(create_app(settings, runtime)) as client:
        yield client


async def test_with_a_live_key_there_is_no_such_page(live: httpx.AsyncClient) -> None:
    assert (await live.get("/return")).status_code == 404
    assert (await live.get("/return/status")).status_code == 404
