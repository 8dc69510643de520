"""Documents behind signed addresses: for whoever has one, for ten minutes."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from api import rates
from api.app import create_app
from billing import tokens
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer
from tests.api.conftest import TOKEN_SECRETS, Clock, bearer, client_of
from tests.factories import NOW

PUBLISH = """
mutation { publishTerms(input: {
  slug: "club", title: "Club", usage: ONE_TIME, permission: "Yes.", timing: "Once.", amountDetermination: "15 USD."
}) { terms { id } error { message } } }
"""
RECORD = """
mutation ($customer: ID!, $terms: ID!) { recordConsent(input: {
  customerId: $customer, termsId: $terms, accepted: true, scope: { usage: ONE_TIME }, idempotencyKey: "k"
}) { consent { receipt { url expiresAt mediaType sha256 } } error { message } } }
"""


@pytest.fixture
async def receipt(http: httpx.AsyncClient, key: str, customer: Customer) -> Any:
    async def ask(query: str, **variables: str) -> Any:
        body = {"query": query, "variables": variables}
        return (await http.post("/graphql", json=body, headers=bearer(key))).json()["data"]

    terms = (await ask(PUBLISH))["publishTerms"]["terms"]["id"]
    recorded = await ask(RECORD, customer=f"customer_{customer.id}", terms=terms)
    return recorded["recordConsent"]["consent"]["receipt"]


async def test_a_receipt_opens_for_ten_minutes_and_is_the_file_that_was_promised(
    http: httpx.AsyncClient, clock: Clock, receipt: Any
) -> None:
    address = urlsplit(receipt["url"])
    assert f"{address.scheme}://{address.netloc}" == "https://pay.example"
    answer = await http.get(address.path)
    assert answer.headers["content-type"] == receipt["mediaType"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert hashlib.sha256(answer.content).hexdigest() == receipt["sha256"]
    assert answer.headers["cache-control"] == "no-store"
    clock.now = NOW + timedelta(minutes=10)
    assert (await http.get(address.path)).status_code == 404


async def test_an_address_stays_good_while_its_secret_is_rolled(
    make_settings: Callable[..., Settings], runtime: Runtime, receipt: Any
) -> None:
    path, next_secret = urlsplit(receipt["url"]).path, "next" * 10
    for secrets, status in ((f"{next_secret},{TOKEN_SECRETS[0]}", 200), (next_secret, 404)):
        async with client_of(create_app(make_settings(token_secret=secrets), runtime)) as client:
            assert (await client.get(path)).status_code == status


async def test_no_other_token_opens_a_document(http: httpx.AsyncClient, token: str) -> None:
    forged, _ = tokens.issue_document(uuid4(), ["somebody else's secret, as long as it takes"], NOW)
    for each in (token, forged, "x", "a.b.c", tokens.issue_document(uuid4(), TOKEN_SECRETS, NOW)[0][:-1]):
        assert (await http.get(f"/documents/{each}")).status_code == 404


async def test_a_document_is_not_made_without_end(
    http: httpx.AsyncClient, receipt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "DOCUMENTS_PER_MINUTE", 2)
    answers = [await http.get(urlsplit(receipt["url"]).path) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
