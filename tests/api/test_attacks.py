"""What is tried by hand against any server: each ends with a plain refusal that tells nothing."""

from collections.abc import Callable

import httpx
import pytest
from structlog.testing import capture_logs

from api.app import create_app
from billing import tokens
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer
from tests.api.conftest import TOKEN_SECRETS, bearer, client_of
from tests.factories import NOW

QUERY = {"query": "{ viewer { id } }"}


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2f%2e%2e%2f.env",
        "/static//etc/passwd",
        "/static/%00",
        "/static/..%5capp.py",
        "/assets/..%2f..%2f.env",
        "/documents/..%2f..%2f.env",
        "/documents/" + "a" * 5000,
    ],
)
async def test_no_path_leads_out_of_a_folder(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/documents/x", "/return", "/static/pages.css"])
async def test_other_verbs_open_nothing(http: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await http.request(method, path)).status_code == 405


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
async def test_no_header_makes_a_get_a_post(http: httpx.AsyncClient, key: str, name: str) -> None:
    document = 'mutation { createCustomer(input: {externalId: "x"}) { error { message } } }'
    answer = await http.get("/graphql", params={"query": document}, headers={**bearer(key), name: "POST"})
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "text", ["cs_\r\nSet-Cookie: a=b", "cs_<script>alert(1)</script>", "https://evil.example", "cs_\0"]
)
async def test_the_page_to_come_back_to_sends_nobody_anywhere(http: httpx.AsyncClient, text: str) -> None:
    answer = await http.get("/return", params={"session_id": text, "next": "https://evil.example"})
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert "set-cookie" not in answer.headers
    assert "<script>alert" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_forged_host_or_proxy_header_makes_nobody_local(
    make_settings: Callable[..., Settings], runtime: Runtime
) -> None:
    app = create_app(make_settings(), runtime)
    async with client_of(app, peer="203.0.113.7", base_url="https://pay.example") as client:
        for headers in (
            {"Host": "127.0.0.1"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"X-Real-IP": "127.0.0.1", "Host": "localhost"},
        ):
            assert (await client.get("/metrics", headers=headers)).status_code == 401


async def test_tokens_stay_good_while_their_secret_is_rolled(
    make_settings: Callable[..., Settings], runtime: Runtime, customer: Customer
) -> None:
    new, old = TOKEN_SECRETS
    token, _ = tokens.issue(customer.id, [old], NOW, life=tokens.LONGEST_LIFE)
    for secrets, opens in ((old, True), (f"{new},{old}", True), (new, False)):
        async with client_of(create_app(make_settings(token_secret=secrets), runtime)) as client:
            asked = await client.post("/graphql", json=QUERY, headers=bearer(token))
            assert asked.is_success is opens


async def test_a_failing_database_tells_clients_nothing(
    http: httpx.AsyncClient, key: str, token: str, database: Database
) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE api_keys RENAME TO elsewhere")
        await connection.exec_driver_sql("ALTER TABLE customers RENAME TO gone")
    with capture_logs() as logged:
        answers = [await http.post("/graphql", json=QUERY, headers=bearer(each)) for each in (key, token)]
    for answer in answers:
        assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        for leak in ("api_keys", "SELECT", "Traceback", "sqlalchemy", "customers", key, token):
            assert leak not in answer.text
    assert key not in str(logged)
    assert token not in str(logged)
