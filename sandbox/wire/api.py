"""One API request from its bytes to its answer."""

import json
import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from sandbox.core import Sandbox
from sandbox.errors import InvalidRequest, ServerFault, StripeError, UnknownUrl
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.recording import Recorder
from sandbox.weather import RequestSpell
from sandbox.wire import authentication, contract, endpoints, form, idempotency, storms, uploads, validation
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.expansion import expand
from sandbox.wire.params import Params
from sandbox.work import Caller, Object, Upload, Work

log = logging.getLogger(__name__)
FORM = "application/x-www-form-urlencoded"
Uploaded = tuple[list[tuple[str, str]], Upload | None]


@dataclass(frozen=True)
class Call:
    """A request as it came."""

    method: str
    path: str
    pairs: list[tuple[str, str]]
    headers: Headers
    request_id: str
    upload: Upload | None
    spell: RequestSpell | None


@dataclass(frozen=True)
class Api:
    """Everything under /v1."""

    sandbox: Sandbox
    endpoints: Sequence[Endpoint]
    kinds: Mapping[str, Kind]
    recorder: Recorder | None

    async def serve(self, request: Request) -> Response:
        """Answer, and record the exchange if asked to."""
        body = await request.body()
        spell = self.sandbox.weather.on_request(request.method, request.url.path)
        lost = storms.lost(spell)
        if spell and lost and not spell.done:
            return lost
        try:
            uploaded = await uploads.read(request) if uploads.is_multipart(request) else None
        except InvalidRequest as error:
            return _response(error.status, _json(error.body()), new_id("req", 14))
        response = await run_in_threadpool(self._serve, request, body, uploaded, spell)
        return lost or response

    def _serve(self, request: Request, body: bytes, uploaded: Uploaded | None, spell: RequestSpell | None) -> Response:
        request_id = new_id("req", 14)
        pairs: list[tuple[str, str]] = []
        try:
            sent, upload = uploaded or (_body_pairs(request.headers, body), None)
            pairs = form.pairs(request.url.query.encode()) + sent
            call = Call(request.method, request.url.path, pairs, request.headers, request_id, upload, spell)
            response = self._answer(call)
        except StripeError as error:
            response = _response(error.status, _json(error.body()), request_id, storms.headers(spell))
        except Exception:  # the boundary: whatever went wrong, the client gets Stripe's shape of a 500
            log.exception("%s %s failed (%s)", request.method, request.url.path, request_id)
            response = _response(500, _json(ServerFault("The sandbox has a defect.").body()), request_id)
        if self.recorder:
            self.recorder.record(request.method, request.url.path, pairs, response.status_code, response.body)
        return response

    def _answer(self, call: Call) -> Response:
        authentication.check_key(call.headers)
        authentication.check_version(call.headers)
        if refusal := storms.refusal(call.spell):
            raise refusal
        endpoint, ids = self._find(call)
        key = call.headers.get("idempotency-key") if call.method == "POST" else None
        if key is None:
            return self._perform(call, endpoint, ids, None)
        this = idempotency.attempt(key, call.method, call.path, call.pairs)
        with idempotency.running(self.sandbox, key):
            with self.sandbox.database.transaction() as connection:
                first = idempotency.replay(connection, this, self.sandbox.clock.now())
            if first:
                replayed = {"Idempotent-Replayed": "true", "Original-Request": first.request_id}
                return _response(first.status, first.body, call.request_id, {"Idempotency-Key": key, **replayed})
            return self._perform(call, endpoint, ids, this)

    def _find(self, call: Call) -> tuple[Endpoint, tuple[str, ...]]:
        if found := endpoints.find(self.endpoints, call.method, call.path):
            return found
        known = any(
            method == call.method and Endpoint(method, path, _nothing).pattern.fullmatch(call.path)
            for method, path in ((method, path.replace("{}", "{id}")) for method, path in contract.operations())
        )
        hint = "Stripe has it; this sandbox does not." if known else "Please see https://stripe.com/docs."
        raise UnknownUrl(f"Unrecognized request URL ({call.method}: {call.path}). {hint}")

    def _perform(
        self, call: Call, endpoint: Endpoint, ids: tuple[str, ...], this: idempotency.Attempt | None
    ) -> Response:
        params = validation.validate(endpoint.method, endpoint.path, form.decode(call.pairs))
        status, body = self._execute(call, this, lambda work: _handle(work, self.kinds, endpoint, ids, params))
        headers = {"Idempotency-Key": this.key} if this else {}
        return _response(status, body, call.request_id, headers | storms.headers(call.spell))

    def _execute(
        self, call: Call, this: idempotency.Attempt | None, handle: Callable[[Work], tuple[int, str]]
    ) -> tuple[int, str]:
        """Run in one transaction, which also keeps the answer for the key; a refusal keeps only the answer."""
        handle = storms.spoiled(handle, call.spell)
        try:
            with self.sandbox.work(Caller(call.request_id, this.key if this else None, call.upload)) as work:
                status, body = handle(work)
                self._keep(work.connection, this, call, status, body)
                return status, body
        except StripeError as error:
            refusal = error
        except Exception:  # a defect: logged, rolled back, and repeated to whoever sends the same key
            log.exception("%s %s failed (%s)", call.method, call.path, call.request_id)
            refusal = ServerFault("The sandbox has a defect; its log tells more.")
        status, body = refusal.status, _json(refusal.body())
        with self.sandbox.database.transaction() as connection:
            self._keep(connection, this, call, status, body)
        return status, body

    def _keep(
        self,
        connection: sqlite3.Connection,
        this: idempotency.Attempt | None,
        call: Call,
        status: int,
        body: str,
    ) -> None:
        if this:
            first = idempotency.Answer(call.request_id, status, body)
            idempotency.keep(connection, this, first, self.sandbox.clock.now())


def _handle(
    work: Work, kinds: Mapping[str, Kind], endpoint: Endpoint, ids: tuple[str, ...], params: Params
) -> tuple[int, str]:
    paths = params.get("expand") or []
    try:
        answer = endpoint.handler(work, *ids, params)
        _refuse_unread(params)
        return 200, _json(expand(work, kinds, answer, paths))
    except StripeError as error:
        if not error.kept:
            raise
        return error.status, _json(error.body())


def _nothing(*_: Any) -> Object:
    return {}


def _body_pairs(headers: Headers, body: bytes) -> list[tuple[str, str]]:
    if not body:
        return []
    if headers.get("content-type", FORM).partition(";")[0].strip() != FORM:
        raise InvalidRequest(f"Invalid request: the body must be {FORM}.")
    return form.pairs(body)


def _refuse_unread(params: Params) -> None:
    if unread := params.unread():
        raise InvalidRequest(
            f"This sandbox does not play the parameter: {unread[0]}. Stripe has it; leave it out here.",
            param=unread[0],
        )


def _response(status: int, body: str, request_id: str, headers: Mapping[str, str] | None = None) -> Response:
    common = {"Request-Id": request_id, "Stripe-Version": contract.VERSION}
    return Response(body, status, {**common, **(headers or {})}, media_type="application/json")


def _json(value: Object) -> str:
    return json.dumps(value, separators=(",", ":"))
