"""Trusted documents over WebSockets."""

import json
from collections.abc import Callable

from api.app import create_app
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Settings
from billing.tables import Customer
from billing.trusted_documents import id_of
from tests.api.conftest import serving
from tests.api.test_sockets import conversation, heard, tell
from tests.api.test_trusted_documents import UNKNOWN, register
from tests.factories import create_consent, create_setup_session

FOLLOW = "subscription Follow($id: ID!) { setupSession(id: $id) { status } }"
READ = "query Read { __typename }"


async def test_live_fields_and_queries_are_named_by_their_documents(
    address: str, database: Database, customer: Customer, token: str
) -> None:
    await register(database, FOLLOW, READ)
    async with database.transaction() as session:
        mine = await create_setup_session(session, customer, await create_consent(session, customer))
    async with conversation(address, {"authorization": f"Bearer {token}"}) as socket:
        assert (await heard(socket))["type"] == "connection_ack"
        await tell(socket, type="subscribe", id="1", payload={"documentId": f"sha256:{id_of(READ)}"})
        assert (await heard(socket))["payload"] == {"data": {"__typename": "Query"}}
        assert (await heard(socket))["type"] == "complete"
        variables = {"id": f"setup_session_{mine.id}"}
        follow = {"documentId": id_of(FOLLOW), "operationName": "Follow", "variables": variables}
        await tell(socket, type="subscribe", id="2", payload=follow)
        assert (await heard(socket))["payload"] == {"data": {"setupSession": {"status": "OPEN"}}}


async def test_what_cannot_be_run_is_told_and_the_socket_stays(address: str, database: Database, key: str) -> None:
    await register(database, READ, "{ nothing }")
    refused = [
        ({"documentId": UNKNOWN}, "DOCUMENT_NOT_FOUND"),
        ({"documentId": UNKNOWN, "query": READ}, "BAD_REQUEST"),
        ({"documentId": 1}, "BAD_REQUEST"),
        ({}, "BAD_REQUEST"),
        ({"documentId": id_of("{ nothing }")}, "GRAPHQL_VALIDATION_FAILED"),
    ]
    async with conversation(address, {"authorization": f"Bearer {key}"}) as socket:
        assert (await heard(socket))["type"] == "connection_ack"
        for number, (payload, code) in enumerate(refused):
            await tell(socket, type="subscribe", id=str(number), payload=payload)
            told = await heard(socket)
            assert (told["type"], told["id"]) == ("error", str(number))
            assert told["payload"][0]["extensions"]["code"] == code
        await tell(socket, type="subscribe", id="x", payload={"documentId": id_of(READ)})
        assert "data" in json.dumps(await heard(socket))


async def test_with_the_setting_a_socket_runs_nothing_else(
    make_settings: Callable[..., Settings], runtime: Runtime, database: Database, key: str
) -> None:
    await register(database, READ)
    closed = create_app(make_settings(trusted_documents_only=True), runtime)
    async with (
        serving(closed) as address,
        conversation(address, {"authorization": f"Bearer {key}"}) as socket,
    ):
        assert (await heard(socket))["type"] == "connection_ack"
        await tell(socket, type="subscribe", id="1", payload={"query": READ})
        assert (await heard(socket))["payload"][0]["extensions"]["code"] == "TRUSTED_DOCUMENTS_ONLY"
        await tell(socket, type="subscribe", id="2", payload={"documentId": id_of(READ)})
        assert (await heard(socket))["payload"] == {"data": {"__typename": "Query"}}
