"""GraphQL over a WebSocket: graphql-transport-ws, for live fields and anything else."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson
import strawberry
import structlog
from graphql import GraphQLError
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL as View
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from api.addresses import LOCAL_ORIGIN
from api.authentication import Gate, Identity, NoCredential, Unauthenticated
from api.context import context_for
from api.observing import observe, outcome_of
from api.rates import TooMany
from api.requests import Asked, Refused, asked_by
from api.trusted import Register
from billing import tracing
from billing.metrics import LIVE_SOCKETS
from billing.runtime import Runtime
from billing.settings import Settings
from billing.signals import KEYS
from schema.context import Context
from schema.operation_names import INVALID, is_live, root_field
from schema.parsing import too_long

log = structlog.get_logger()

# Seconds between two looks whether an open socket's credential is still good.
LOOK_EVERY = 5.0
# Operations that one socket may have under way.
MOST_OPERATIONS = 100
# How long a socket may stay without saying whose it is.
INTRODUCTION = timedelta(seconds=10)

UNAUTHORIZED, FORBIDDEN, TOO_MANY, FAILED = 4401, 4403, 4429, 4500
LONGEST_REASON = 120  # bytes; a close frame holds 123

# What the operation of this task was answered with, where it is observed.
_answers: ContextVar[list[Message] | None] = ContextVar("answers", default=None)


class Conversation(BaseGraphQLTransportWSHandler[Any, None]):
    """One socket, from its introduction to its end. Until then its context is the bare connection."""

    view: "Sockets"
    watch: asyncio.Task[None] | None = None
    identity: Identity | None = None

    async def handle_message(self, message: Message) -> None:
        """Whatever a client may send."""
        try:
            await super().handle_message(message)
        except (TypeError, AttributeError):  # it, or a part of it, is no object
            await self.handle_invalid_message("Failed to parse message")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Lets in whoever brings a credential: without one 4401, with one that opens nothing 4403."""
        if self.watch is None:
            try:
                identity = await self.view.identify(self.context, message.get("payload"))
            except (Unauthenticated, TooMany) as reason:
                await self.websocket.close(_code_of(reason), _fitting(str(reason)))
                return
            self.identity, self.context = identity, self.view.introduce(self.context, identity)
            self.watch = asyncio.create_task(self._watch(identity))
        await super().handle_connection_init(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """An operation, sent or named, if the caller has not had too many, here and elsewhere."""
        try:
            if self.identity is not None:
                self.view.gate.rates.admit(self.identity.caller, self.identity.key_id)
                asked = asked_by(message["payload"])
                message["payload"]["query"] = await self._document(asked)
                message["payload"]["operationName"] = asked.operation_name
        except TooMany as reason:
            extensions = {"code": "RATE_LIMITED", "retryAfterSeconds": reason.retry_after}
            await self._refuse(message, str(reason), extensions)
        except Refused as reason:
            await self._refuse(message, str(reason), {"code": reason.code})
        else:
            await super().handle_subscribe(message)

    async def _document(self, asked: Asked) -> str:
        register, named = self.view.register, asked.document_id
        text = register.admit(asked.query) if named is None else (await register.find(named)).text
        # Here, because Strawberry tells nobody over a socket what an extension refuses before anything else.
        if excess := too_long(text, asked.variables):
            code, reason = excess
            raise Refused(HTTPStatus.BAD_REQUEST, reason, code)
        return text

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Observes what ends by itself. How long a live field is followed is its client's affair."""
        if is_live(operation.query, operation.operation_name):
            await super().run_operation(operation)
            return
        started, answers = time.monotonic(), list[Message]()
        _answers.set(answers)
        with tracing.span("graphql") as span:
            try:
                await super().run_operation(operation)
            except WebSocketDisconnected:  # whoever asked has gone, which is no fault of ours
                raise
            except Exception:
                observe(INVALID, "fault", started)
                raise
            name, outcome = _told_by(answers, operation)
            span.set_attributes({"graphql.operation": name, "assent.outcome": outcome})
        observe(name, outcome, started)

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:
        """Strawberry would take a longer one than a close frame holds."""
        reason = BaseGraphQLTransportWSHandler._get_pre_execution_close_reason(error)  # noqa: SLF001 - its only place
        return reason and _fitting(reason)

    async def send_message(self, message: Message) -> None:
        """Whatever is told to the client."""
        if (answers := _answers.get()) is not None:
            answers.append(message)
        await super().send_message(message)

    async def _refuse(self, message: SubscribeMessage, reason: str, extensions: dict[str, Any]) -> None:
        refusal: Any = {"message": reason, "extensions": extensions}
        await self.send_message({"id": message["id"], "type": "error", "payload": [refusal]})

    async def _watch(self, identity: Identity) -> None:
        """Closes the socket when its token's time is over or its key is revoked."""
        runtime = self.view.runtime
        try:
            with runtime.signals.watching(KEYS) as woken:
                while await identity.stands(runtime):
                    # Revoking wakes, in whatever process; to look all the same costs little.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(min(LOOK_EVERY, identity.seconds_left(runtime.clock()))):
                            await woken.wait()
                    woken.clear()
        except Exception:  # such as a database that is away: whose socket this is cannot be told any more
            log.exception("a socket's credential could not be looked at")
            await self.websocket.close(FAILED, "Internal server error")
            return
        await self.websocket.close(FORBIDDEN, "This credential's time is over, or it was revoked.")

    async def shutdown(self) -> None:
        """The socket is gone: nothing goes on for it."""
        if self.watch is not None:
            self.watch.cancel()
        await super().shutdown()


class Sockets(View[Any, None]):
    """Strawberry's view, for WebSockets alone, with our own way to tell who is there."""

    graphql_transport_ws_handler_class = Conversation

    def __init__(
        self, settings: Settings, runtime: Runtime, gate: Gate, schema: strawberry.Schema, register: Register
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=INTRODUCTION,
            max_subscriptions_per_connection=MOST_OPERATIONS,
            allowed_origins=settings.cors_origins,
        )
        self.settings, self.runtime, self.gate, self.register = settings, runtime, gate, register

    async def converse(self, socket: WebSocket) -> None:
        """The whole life of one socket."""
        with LIVE_SOCKETS.track_inprogress():
            await self.run(socket)

    async def get_context(self, request: Any, response: Any) -> Any:
        """Until it is known who is there, the connection itself."""
        return response

    def decode_json(self, data: str | bytes) -> object:
        """A message. Raises ValueError for one that is none, or is nested too deeply to be one."""
        return orjson.loads(data)

    async def identify(self, socket: WebSocket, payload: object) -> Identity:
        """Whose credential came in the introduction. Raises Unauthenticated, NoCredential, TooMany."""
        given = payload.get("authorization", payload.get("Authorization")) if isinstance(payload, dict) else None
        if given is not None and not isinstance(given, str):
            raise Unauthenticated("`authorization` is a string.")
        return await self.gate.let_in(socket, given)

    def introduce(self, socket: WebSocket, identity: Identity) -> Context:
        """The context of everything that this caller asks for over the socket."""
        return context_for(self.settings, self.runtime, socket, identity.caller)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """As for HTTP: the pages that are listed, and in development those of this machine."""
        local = self.settings.in_development and LOCAL_ORIGIN.fullmatch(origin) is not None
        return local or super().is_websocket_origin_allowed(request, origin)


def _told_by(answers: Sequence[Message], operation: Operation[Any, None]) -> tuple[str, str]:
    """The root field and the outcome. Without an answer the socket was closed on it."""
    errors: list[Any] = []
    if not answers:
        return INVALID, "errors"
    for each in answers:
        if each["type"] == "error":  # before anything was run
            return INVALID, outcome_of(each["payload"])
        if each["type"] == "next":
            errors += each["payload"].get("errors") or ()
    return root_field(operation.query, operation.operation_name), outcome_of(errors)


def _fitting(reason: str) -> str:
    return reason.encode()[:LONGEST_REASON].decode(errors="ignore")


def _code_of(reason: Exception) -> int:
    if isinstance(reason, TooMany):
        return TOO_MANY
    return UNAUTHORIZED if isinstance(reason, NoCredential) else FORBIDDEN
