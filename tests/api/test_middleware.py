"""Every request gets an id and an answer, also where we fail."""

import httpx
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.middleware import Envelope


async def fail(_request: Request) -> Response:
    raise RuntimeError("sk_live_verysecret")


async def own_policy(request: Request) -> Response:
    return PlainTextResponse(request.state.request_id, headers={"Content-Security-Policy": "own"})


def client(*, https: bool = False) -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route("/fail", fail), Route("/own", own_policy)], middleware=[Middleware(Envelope, https=https)]
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_a_failure_of_ours_is_masked_and_bears_the_id_of_the_request() -> None:
    async with client() as http:
        answer = await http.get("/fail")
    assert answer.status_code == 500
    [error] = answer.json()["errors"]
    assert error["extensions"] == {
        "code": "INTERNAL_SERVER_ERROR",
        "requestId": answer.headers["x-request-id"],
    }
    assert "verysecret" not in answer.text


async def test_an_endpoint_s_own_header_wins_and_it_knows_the_id() -> None:
    async with client() as http:
        answer = await http.get("/own", headers={"X-Request-Id": "chosen-elsewhere"})
    assert answer.headers["content-security-policy"] == "own"
    assert answer.text == answer.headers["x-request-id"] != "chosen-elsewhere"


async def test_a_browser_is_held_to_https_where_clients_come_by_it() -> None:
    async with client(https=True) as secure, client() as plain:
        assert "strict-transport-security" in (await secure.get("/own")).headers
        assert "strict-transport-security" not in (await plain.get("/own")).headers


async def test_an_operator_is_told_of_routes_and_not_of_what_clients_make_up(http: httpx.AsyncClient) -> None:
    for each in ("/static/made-up", "/documents/documents", "/documents/d", "/graphql", "/made-up"):
        await http.post(each)
    [family] = [each for each in REGISTRY.collect() if each.name == "assent_http_seconds"]
    told = {sample.labels["route"] for sample in family.samples}
    assert {"/static", "/documents/{token}", "/graphql", "other"} <= told
    assert not [each for each in told if "made-up" in each or each.count("{") > 1]
