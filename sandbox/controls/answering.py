"""How controls are spoken to: JSON for tests and programs, forms for the sandbox's own page."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.controls.fields import Fields, Refused
from sandbox.core import Sandbox
from sandbox.pages.forms import is_foreign
from sandbox.pages.render import notice
from sandbox.work import Object

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
BOARD = "/"
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def endpoint(sandbox: Sandbox, act: Callable[[Fields], Object]) -> Endpoint:
    """Carries `act` out on a thread that may wait, and answers with what it returns; a form goes back to the page.

    Refused becomes a 400 with its message.
    """

    async def answer(request: Request) -> Response:
        by_form = request.headers.get("content-type", "").partition(";")[0].strip() in FORMS
        if is_foreign(request):
            message = "This was sent by another site's page: send it from the sandbox's own."
            return _refusal(sandbox, message, 403, by_form=by_form)
        try:
            result = await run_in_threadpool(act, Fields(await _values(request, by_form=by_form)))
        except Refused as refused:
            return _refusal(sandbox, str(refused), 400, by_form=by_form)
        return RedirectResponse(BOARD, 303) if by_form else JSONResponse(result)

    return answer


async def _values(request: Request, *, by_form: bool) -> dict[str, Any]:
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


def _refusal(sandbox: Sandbox, message: str, status: int, *, by_form: bool) -> Response:
    if by_form:
        back = ("the sandbox", sandbox.settings.base_url + BOARD)
        return notice("That was not done", message, status=status, back=back)
    return JSONResponse({"error": message}, status)
