"""What every request gets: an id, safe headers, one line in the log, and an answer even where we fail."""

import os
import time
from functools import cache
from http import HTTPStatus

import structlog
from prometheus_client import Histogram
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import tell_request
from billing import tracing

log = structlog.get_logger()

SECONDS = Histogram("assent_http_seconds", "Time to answer a request.", ["route", "method", "status"])
# The labels are looked for once.
_seconds = cache(SECONDS.labels)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
ONE_YEAR = "max-age=31536000"


class Envelope:
    """The outermost layer, for HTTP alone. `https` says whether clients reach us that way."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        headers = {**HEADERS, **({"Strict-Transport-Security": ONE_YEAR} if https else {})}
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers; never raises."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request_id = os.urandom(16).hex()
        # Whatever else is bound while it is answered is of this request alone.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = self._answer if scope["type"] == "http" else self._converse
        await answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.monotonic(), 0

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = dict(message["headers"])
                added = [each for each in self.headers if each[0] not in given]
                message["headers"] = [*message["headers"], *added, (b"x-request-id", request_id.encode())]
            await send(message)

        with tracing.span("request", caller=Headers(scope=scope)) as span:
            try:
                await self.app(scope, receive, send_enveloped)
            except Exception:
                log.exception("request failed")
                if not status:
                    await failure(request_id)(scope, receive, send_enveloped)
            route = _route(scope, status)
            span.update_name(f"{scope['method']} {route}")
            span.set_attributes({"http.route": route, "http.response.status_code": status, "request_id": request_id})
        _observe(scope["method"], route, status, time.monotonic() - started)

    async def _converse(self, scope: Scope, receive: Receive, send: Send, _request_id: str) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception:
            log.exception("socket failed")


def failure(request_id: str) -> JSONResponse:
    """What a client learns of a failure of ours."""
    code = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    return JSONResponse({"errors": [{"message": "Unexpected error.", "extensions": code}]}, 500)


def _observe(method: str, route: str, status: int, seconds: float) -> None:
    method = method if method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
    _seconds(route, method, status).observe(seconds)
    tell_request(route=route, method=method, status=status, milliseconds=round(seconds * 1000, 1))


def _route(scope: Scope, status: int) -> str:
    """The route as it is declared, not the path: that may hold a token, and there are endlessly many."""
    if status == HTTPStatus.NOT_FOUND or "route" not in scope:
        return "other"
    path: str = scope["route"].path
    return path
