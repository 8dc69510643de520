"""GraphQL over HTTP, as its specification has it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import bearer

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
NEW = {"Accept": GRAPHQL}
QUERY = "{ __typename }"
CURRENT = "query Terms($slug: String!) { currentTerms(slug: $slug) { id } }"
MUTATION = """
mutation { publishTerms(input: {
  slug: "s", title: "t", usage: ONE_TIME, permission: "p", timing: "t", amountDetermination: "a"
}) { terms { version } } }
"""


@pytest.fixture
async def client(http: httpx.AsyncClient, key: str) -> httpx.AsyncClient:
    http.headers.update(bearer(key))
    return http


async def post(client: httpx.AsyncClient, query: str, accept: str = GRAPHQL, **more: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, **more}, headers={"Accept": accept})


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        (GRAPHQL, GRAPHQL),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("", JSON),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{JSON}, {GRAPHQL};q=0.9", JSON),
        (f"{GRAPHQL};q=0.5, */*;q=0.1", GRAPHQL),
        (f"{JSON};q=0, */*", None),
        ("text/html", None),
        (f"{GRAPHQL};q=0", None),
        (f"{GRAPHQL};q=nonsense", None),
    ],
)
async def test_the_client_gets_the_type_that_it_accepts(
    client: httpx.AsyncClient, accept: str, type: str | None
) -> None:
    answer = await post(client, QUERY, accept)
    assert answer.status_code == (200 if type else 406)
    assert answer.headers["content-type"] == f"{type or JSON}; charset=utf-8"


async def test_a_query_is_answered_over_post_and_get(client: httpx.AsyncClient) -> None:
    assert (await post(client, QUERY)).json() == {"data": {"__typename": "Query"}}
    parameters = {"query": CURRENT, "variables": '{"slug": "none"}', "operationName": "Terms"}
    got = await client.get("/graphql", params=parameters, headers=NEW)
    assert (got.status_code, got.json()) == (200, {"data": {"currentTerms": None}})


async def test_whoever_asks_for_the_headers_alone_gets_those_of_a_query(client: httpx.AsyncClient) -> None:
    for query, status in (("{ __typename }", 200), (MUTATION, 405)):
        assert (await client.head("/graphql", params={"query": query}, headers=NEW)).status_code == status


@pytest.mark.parametrize("document", ["{", "{ nothing }", "query A { __typename } query B { __typename }", CURRENT])
async def test_a_document_that_cannot_run_is_400_without_data(client: httpx.AsyncClient, document: str) -> None:
    answer = await post(client, document)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(GRAPHQL)
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("document", ["{", "{ nothing }"])
async def test_a_client_from_before_the_specification_gets_200_for_it(client: httpx.AsyncClient, document: str) -> None:
    answer = await post(client, document, JSON)
    assert answer.status_code == 200
    assert "data" not in answer.json()


async def test_an_unknown_operation_is_400(client: httpx.AsyncClient) -> None:
    assert (await post(client, "query A { __typename }", operationName="B")).status_code == 400
    assert (await post(client, "query A { __typename } query B { __typename }", operationName="B")).is_success


async def test_variables_of_the_wrong_type_are_400(client: httpx.AsyncClient) -> None:
    assert (await post(client, CURRENT, variables={"slug": 1})).status_code == 400
    assert (await post(client, CURRENT, variables={})).status_code == 400


async def test_a_mutation_runs_over_post_alone(client: httpx.AsyncClient) -> None:
    got = await client.get("/graphql", params={"query": MUTATION}, headers=NEW)
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    current = await post(client, CURRENT, variables={"slug": "s"})
    assert current.json() == {"data": {"currentTerms": None}}
    assert (await post(client, MUTATION)).json() == {"data": {"publishTerms": {"terms": {"version": 1}}}}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_live_field_is_for_websockets(client: httpx.AsyncClient, method: str) -> None:
    live = 'subscription { setupSession(id: "x") { id } }'
    given: dict[str, Any] = {"params": {"query": live}} if method == "GET" else {"json": {"query": live}}
    answer = await client.request(method, "/graphql", headers=NEW, **given)
    assert answer.status_code == 400
    assert "WebSocket" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_405(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/graphql")
    if method != "HEAD":
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) >= {"GET", "POST"}


@pytest.mark.parametrize(
    "type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
        "application/jsonp",
        "text/plain; application/json",
        "",
    ],
)
async def test_a_body_that_a_form_could_send_is_415(client: httpx.AsyncClient, type: str) -> None:
    answer = await client.post("/graphql", content=json.dumps({"query": QUERY}), headers={"Content-Type": type})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "type", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
async def test_json_in_utf_8_is_what_is_taken(client: httpx.AsyncClient, type: str) -> None:
    answer = await client.post("/graphql", content=json.dumps({"query": QUERY}), headers={"Content-Type": type})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"{ __typename }"',
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": " "}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": {}}',
        b'{"query": "{ __typename }", "extensions": []}',
        b'{"query": "{ __typename }", "extensions": "{}"}',
        b'{"query": "\xff"}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_a_body_that_is_no_request_is_400(client: httpx.AsyncClient, body: bytes, accept: str) -> None:
    headers = {"Content-Type": JSON, "Accept": accept}
    answer = await client.post("/graphql", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(accept)
    assert answer.json()["errors"]


async def test_a_body_that_is_too_large_is_413_however_it_comes(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    for content in (b" " * (256 * 1024 + 1), chunks()):
        answer = await client.post("/graphql", content=content, headers={"Content-Type": JSON})
        assert answer.status_code == 413


async def test_a_body_of_brackets_is_not_made_objects_of(client: httpx.AsyncClient) -> None:
    body = json.dumps({"query": QUERY, "variables": {"v": [{}] * 3000}}, separators=(",", ":"))
    answer = await client.post("/graphql", content=body, headers={"Content-Type": JSON})
    assert answer.status_code == 400
    assert "brackets" in answer.json()["errors"][0]["message"]


async def test_absent_and_null_are_the_same_in_a_request(client: httpx.AsyncClient) -> None:
    answer = await post(client, QUERY, variables=None, operationName=None, extensions=None)
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_a_get_with_variables_that_are_not_json_is_400(client: httpx.AsyncClient) -> None:
    assert (await client.get("/graphql", params={"query": QUERY, "variables": "{"})).status_code == 400
    assert (await client.get("/graphql", params={"query": QUERY, "variables": "[]"})).status_code == 400
    assert (await client.get("/graphql")).status_code == 400


async def test_every_answer_has_an_id_and_safe_headers(client: httpx.AsyncClient) -> None:
    first, second = await post(client, QUERY), await post(client, "{")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["strict-transport-security"]


async def test_pages_elsewhere_may_not_call_unless_they_are_listed(client: httpx.AsyncClient) -> None:
    ask = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = await client.options("/graphql", headers=ask)
    assert "access-control-allow-origin" not in preflight.headers
    answer = await client.post("/graphql", json={"query": QUERY}, headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
