"""GraphQL over HTTP, as its specification has it: https://graphql.github.io/graphql-over-http/draft/."""

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from api.authentication import Gate, Identity, Unauthenticated
from api.context import context_for
from api.graphiql import GraphiQL
from api.media import GRAPHQL, JSON, negotiate
from api.observing import observe, outcome_of
from api.rates import TooMany
from api.requests import Asked, Refused, read
from api.trusted import Register
from billing import tracing
from billing.reader import TookTooLong
from billing.runtime import Runtime
from billing.settings import Settings
from schema.faults import TIMEOUT, TOO_LONG
from schema.masking import MaskingSchema
from schema.operation_names import INVALID, root_field
from schema.reads.documents import Documents
from schema.trusted import Trusted

log = structlog.get_logger()

QUERIES = {OperationType.QUERY}
ALLOWED = {"GET": QUERIES, "HEAD": QUERIES, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class Document(NamedTuple):
    """What is to be run; `trusted` where it is one of those."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None
    trusted: Trusted | None

    @property
    def root_field(self) -> str:
        """What it is counted as, if it is run."""
        if self.trusted is not None:
            return self.trusted.fields.get(self.operation_name, INVALID)
        return root_field(self.query, self.operation_name)


class GraphQL:
    """The endpoint, as an application. `graphiql` is shown to a person's browser in its place, where there is one."""

    def __init__(
        self,
        settings: Settings,
        runtime: Runtime,
        gate: Gate,
        schema: MaskingSchema,
        register: Register,
        graphiql: GraphiQL | None = None,
    ) -> None:
        self.settings, self.runtime, self.gate, self.schema = settings, runtime, gate, schema
        self.register, self.graphiql = register, graphiql
        made = schema._schema  # noqa: SLF001 - Strawberry has no other way to what it makes
        self.documents = Documents(made, introspection=schema.introspection)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request over HTTP."""
        response = await self._answer(Request(scope, receive, send))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self.graphiql is not None and self.graphiql.is_for(request):
            return self.graphiql.page(request)
        media_type = negotiate(request.headers.get("accept", ""))
        if media_type is None:
            return _refusal(Refused(HTTPStatus.NOT_ACCEPTABLE, f"Accept {GRAPHQL}."), JSON)
        try:
            return await self._respond(request, media_type)
        except (Refused, TooMany, Unauthenticated) as reason:
            return _refusal(_refused(reason), media_type)
        except TookTooLong:
            error = {"message": TOO_LONG, "extensions": {"code": TIMEOUT}}
            return _response({"data": None, "errors": [error]}, media_type, HTTPStatus.OK)

    async def _respond(self, request: Request, media_type: str) -> Response:
        given = request.headers.get("authorization")
        identity = self.gate.recall(given) or await self.gate.let_in(request, given)
        try:
            document = await self._find(await read(request))
            data = await self._read_at_once(document, request, identity)
        except (Refused, TookTooLong):
            if identity.is_recalled:  # a revoked key is told so, and does not go on keeping the database busy
                await self.gate.look(request, given)
            raise
        if data is not None:
            return Response(f'{{"data":{data}}}', media_type=f"{media_type}; charset=utf-8")
        if identity.is_recalled:
            identity = await self.gate.look(request, given)
        return _told(await self._run_observed(document, request, identity), media_type)

    async def _find(self, asked: Asked) -> Document:
        trusted = None if asked.document_id is None else await self.register.find(asked.document_id)
        text = self.register.admit(asked.query) if trusted is None else trusted.text
        return Document(text, asked.variables, asked.operation_name, trusted or self.schema.trusted.sent(text))

    async def _read_at_once(self, document: Document, request: Request, identity: Identity) -> str | None:
        """The answer's data, where one statement gives it; that also finds out whether the key still stands.

        Raises TookTooLong.
        """
        known, name = document.trusted, document.operation_name
        prepared = known.query(name) if known else self.documents.find(document.query, name)
        if prepared is None:
            return None
        context = context_for(self.settings, self.runtime, request, identity.caller)
        started, name = time.monotonic(), document.root_field
        try:
            with tracing.span("graphql", {"graphql.operation": name}):
                data = await prepared.answer(context, document.variables or {}, identity.key_id)
        except TookTooLong:
            raise
        except Exception:  # the executor meets it too, and knows how to tell it
            log.warning("could not read at once", operation=name, exc_info=True)
            return None
        if data is not None:
            observe(name, "ok", started)
        return data

    async def _run_observed(self, document: Document, request: Request, identity: Identity) -> ExecutionResult:
        started = time.monotonic()
        with tracing.span("graphql") as span:
            result = await self._run(document, request, identity)
            name = document.root_field if _was_run(result) else INVALID
            outcome = outcome_of(error.formatted for error in result.errors or ())
            span.set_attributes({"graphql.operation": name, "assent.outcome": outcome})
        observe(name, outcome, started)
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


def _refused(reason: Refused | TooMany | Unauthenticated) -> Refused:
    if isinstance(reason, Refused):
        return reason
    if isinstance(reason, TooMany):
        wait = str(reason.retry_after)
        return Refused(HTTPStatus.TOO_MANY_REQUESTS, str(reason), "RATE_LIMITED", Retry_After=wait)
    challenge = 'Bearer realm="assent"'
    return Refused(HTTPStatus.UNAUTHORIZED, str(reason), "UNAUTHENTICATED", WWW_Authenticate=challenge)


def _wrong_operation(method: str, type: OperationType) -> Refused:
    if type is OperationType.SUBSCRIPTION:
        return Refused(HTTPStatus.BAD_REQUEST, "Live fields are served over a WebSocket (graphql-transport-ws).")
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, f"A mutation is not run over {method}; use POST.", Allow="POST")


def _was_run(result: ExecutionResult) -> bool:
    return result.data is not None or any(error.path for error in result.errors or ())


def _told(result: ExecutionResult, media_type: str) -> Response:
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
