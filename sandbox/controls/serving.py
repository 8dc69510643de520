"""The controls over HTTP: JSON for tests and programs, forms for the sandbox's own page."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.controls import CONTROLS, machine
from sandbox.controls.control import Control
from sandbox.controls.fields import Fields, Refused
from sandbox.core import Sandbox
from sandbox.errors import StripeError
from sandbox.pages.forms import is_foreign
from sandbox.pages.render import notice
from sandbox.work import Object

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BOARD = "/"


def routes(sandbox: Sandbox) -> list[Route]:
    """One address and method for each control, besides those of the sandbox itself."""
    own = [Route(control.url, _endpoint(sandbox, control), methods=[control.method]) for control in CONTROLS]
    return [*machine.routes(sandbox), *own]


def perform(sandbox: Sandbox, control: Control, fields: Fields) -> Object:
    """Carry it out. Raises Refused, whose message names the field and the fix; then nothing has changed."""
    try:
        with sandbox.work() as work:
            result = control.act(work, fields)
            fields.refuse_others()
            return result
    except StripeError as error:
        raise Refused(error.message) from error


def _endpoint(sandbox: Sandbox, control: Control) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        by_form = request.headers.get("content-type", "").partition(";")[0].strip() in FORMS
        if is_foreign(request):
            return _refusal("This was sent by another site's page: send it from the sandbox's own.", 403, by_form)
        try:
            result = await run_in_threadpool(perform, sandbox, control, Fields(await _values(request, by_form)))
        except Refused as refused:
            return _refusal(str(refused), 400, by_form)
        return RedirectResponse(BOARD, 303) if by_form else JSONResponse(result)

    return endpoint


async def _values(request: Request, by_form: bool) -> dict[str, Any]:
    if by_form:
        async with request.form() as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        values = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refused("The body is not JSON: send a JSON object.") from error
    if not isinstance(values, dict):
        raise Refused("The body is JSON, but no object: send a JSON object.")
    return values


def _refusal(message: str, status: int, by_form: bool) -> Response:
    if by_form:
        return notice("That was not done", message, status=status, back=("the sandbox", None))
    return JSONResponse({"error": message}, status)
