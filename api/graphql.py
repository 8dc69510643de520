"""GraphQL over HTTP, as its specification has it: https://graphql.github.io/graphql-over-http/draft/."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import strawberry
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.authentication import Gate, Identity, Unauthenticated
from api.bodies import TooLarge, TooSlow, read_body
from api.context import context_for
from api.graphiql import GraphiQL
from api.media import GRAPHQL, JSON, is_json, negotiate
from api.rates import TooMany
from billing import tracing
from billing.metrics import GRAPHQL_SECONDS
from billing.reader import TookTooLong
from billing.runtime import Runtime
from billing.settings import Settings
from schema.faults import INTERNAL, TIMEOUT, TOO_LONG
from schema.operation_names import INVALID, root_field
from schema.reads.documents import Documents
from schema.shapes import MOST_TOKENS, MOST_VALUES

log = structlog.get_logger()

# Bytes of one request's body.
LARGEST_BODY = 256 * 1024
# What a document and its variables may have between them; more is not worth making objects of.
MOST_BRACKETS = MOST_TOKENS + MOST_VALUES

ALLOWED = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class Refused(Exception):
    """The request is not one that can be run."""

    def __init__(self, status: HTTPStatus, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True)
class Document:
    """What a client wants to be run."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class GraphQL:
    """The endpoint. `graphiql` is shown to a person's browser in its place, where there is one."""

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        gate: Gate,
        schema: strawberry.Schema,
        graphiql: GraphiQL | None = None,
    ) -> None:
        self.settings, self.runtime, self.gate, self.schema, self.graphiql = settings, runtime, gate, schema, graphiql
        self.documents = Documents(schema._schema)  # noqa: SLF001 - Strawberry has no other way to what it makes

    async def answer(self, request: Request) -> Response:
        """Any answer to a request over HTTP."""
        if self.graphiql is not None and self.graphiql.is_for(request):
            return self.graphiql.page(request)
        media_type = negotiate(request.headers)
        if media_type is None:
            return _refusal(Refused(HTTPStatus.NOT_ACCEPTABLE, f"Accept {GRAPHQL}."), JSON)
        try:
            identity = await self._authenticate(request)
            document = await _read(request)
            data = await self._read_at_once(document, request, identity)
            if data is not None:
                return Response(f'{{"data":{data}}}', media_type=f"{media_type}; charset=utf-8")
            if identity.is_recalled:
                identity = await self._authenticate(request, again=True)
            return _answer(await self._run_observed(document, request, identity), media_type)
        except Refused as refusal:
            return _refusal(refusal, media_type)
        except TookTooLong:
            error = {"message": TOO_LONG, "extensions": {"code": TIMEOUT}}
            return _response({"data": None, "errors": [error]}, media_type, HTTPStatus.OK)

    async def _read_at_once(self, document: Document, request: Request, identity: Identity) -> str | None:
        """The answer's data, where one statement gives it; that also finds out whether the key still stands.

        Raises TookTooLong.
        """
        prepared = self.documents.find(document.query, document.operation_name)
        if prepared is None:
            return None
        context = context_for(self.settings, self.runtime, request, identity.caller)
        started, name = time.monotonic(), root_field(document.query, document.operation_name)
        try:
            with tracing.span("graphql", {"graphql.operation": name}):
                data = await prepared.answer(context, document.variables or {}, identity.key_id)
        except TookTooLong:
            raise
        except Exception:  # the executor meets it too, and knows how to tell it
            log.warning("could not read at once", operation=name, exc_info=True)
            return None
        if data is not None:
            GRAPHQL_SECONDS.labels(name, "ok").observe(time.monotonic() - started)
        return data

    async def _authenticate(self, request: Request, *, again: bool = False) -> Identity:
        """Whose request it is; `again`, where that was only recalled."""
        given = request.headers.get("authorization")
        try:
            if again:
                return await self.gate.look(request, given)
            return self.gate.recall(request) or await self.gate.let_in(request, given)
        except TooMany as reason:
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, str(reason), "RATE_LIMITED", Retry_After=str(reason.retry_after)
            ) from reason
        except Unauthenticated as reason:
            challenge = 'Bearer realm="assent"'
            raise Refused(
                HTTPStatus.UNAUTHORIZED, str(reason), "UNAUTHENTICATED", WWW_Authenticate=challenge
            ) from reason

    async def _run_observed(self, document: Document, request: Request, identity: Identity) -> ExecutionResult:
        started = time.monotonic()
        with tracing.span("graphql") as span:
            result = await self._run(document, request, identity)
            name = root_field(document.query, document.operation_name) if _was_run(result) else INVALID
            outcome = _outcome(result)
            span.set_attributes({"graphql.operation": name, "assent.outcome": outcome})
        GRAPHQL_SECONDS.labels(name, outcome).observe(time.monotonic() - started)
        return result

    async def _run(self, document: Document, request: Request, identity: Identity) -> ExecutionResult:
        try:
            return await self.schema.execute(
                document.query,
                variable_values=document.variables,
                context_value=context_for(self.settings, self.runtime, request, identity.caller),
                operation_name=document.operation_name,
                allowed_operation_types=ALLOWED[request.method],
            )
        except CannotGetOperationTypeError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, error.as_http_error_reason()) from error
        except InvalidOperationTypeError as error:
            raise _wrong_operation(request.method, error.operation_type) from error


def _outcome(result: ExecutionResult) -> str:
    """`fault`, where something went wrong on our side; errors that the client was meant to see are `errors`."""
    codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
    return "fault" if codes & {INTERNAL, TIMEOUT} else "errors" if codes else "ok"


def _wrong_operation(method: str, type: OperationType) -> Refused:
    if type is OperationType.SUBSCRIPTION:
        return Refused(HTTPStatus.BAD_REQUEST, "Live fields are served over a WebSocket (graphql-transport-ws).")
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"A mutation is not run over {method}; use POST.", Allow="POST")


async def _read(request: Request) -> Document:
    """The document of a request. Raises Refused."""
    if request.method == "GET":
        given = request.query_params
        return _document({**given, **{name: _parsed(given.get(name)) for name in ("variables", "extensions")}})
    if not is_json(request.headers.get("content-type", "")):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as Content-Type: application/json.")
    try:
        body = await read_body(request, LARGEST_BODY)
    except TooLarge as error:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {LARGEST_BODY} bytes.") from error
    except (TooSlow, ClientDisconnect) as error:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The body did not come to its end in time.") from error
    if body.count(b"{") + body.count(b"[") > MOST_BRACKETS:
        raise Refused(HTTPStatus.BAD_REQUEST, f"A body may have {MOST_BRACKETS} opening brackets.")
    return _document(_parsed(body))


def _parsed(text: str | bytes | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "This is not JSON in UTF-8.") from error


def _document(given: Any) -> Document:
    if isinstance(given, list):
        raise Refused(HTTPStatus.BAD_REQUEST, "Send one document in one request.")
    if not isinstance(given, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, 'The body is an object, as {"query": "..."}.')
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise Refused(HTTPStatus.BAD_REQUEST, "`query` is missing; it is a string.")
    if not isinstance(variables, dict | None):
        raise Refused(HTTPStatus.BAD_REQUEST, "`variables` is an object, if it is there.")
    if not isinstance(name, str | None):
        raise Refused(HTTPStatus.BAD_REQUEST, "`operationName` is a string, if it is there.")
    if not isinstance(given.get("extensions"), dict | None):
        raise Refused(HTTPStatus.BAD_REQUEST, "`extensions` is an object, if it is there.")
    return Document(query, variables, name or None)


def _was_run(result: ExecutionResult) -> bool:
    return result.data is not None or any(error.path for error in result.errors or ())


def _answer(result: ExecutionResult, media_type: str) -> Response:
    errors = [error.formatted for error in result.errors or ()]
    # What went wrong before anything was run leaves no `data`; a client from before the specification gets 200 for it.
    was_run = _was_run(result)
    body: dict[str, Any] = {"data": result.data} if was_run else {}
    body |= {"errors": errors} if errors else {}
    body |= {"extensions": result.extensions} if result.extensions else {}
    return _response(body, media_type, HTTPStatus.OK if was_run or media_type == JSON else HTTPStatus.BAD_REQUEST)


def _refusal(refusal: Refused, media_type: str) -> Response:
    error = {"message": str(refusal), "extensions": {"code": refusal.code}}
    return _response({"errors": [error]}, media_type, refusal.status, refusal.headers)


def _response(
    body: Mapping[str, Any], media_type: str, status: HTTPStatus, headers: Mapping[str, str] | None = None
) -> Response:
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text, int(status), headers, f"{media_type}; charset=utf-8")
