"""How the pages take a form: only from themselves, and off the event loop."""

from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from sandbox.core import Sandbox
from sandbox.pages.render import notice

Endpoint = Callable[[Sandbox, Request], Awaitable[Response]]
Answer = Callable[[Sandbox, str, FormData], Response]


def form(answer: Answer) -> Endpoint:
    """The endpoint of a form: its fields, with the path's id, go to `answer` on a thread that may wait.

    A form that a browser sends from another site's page is refused; programs, which tell no origin, pass.
    """

    @wraps(answer)
    async def endpoint(sandbox: Sandbox, request: Request) -> Response:
        if is_foreign(request):
            text = "This form was sent from another site. Open the page itself and try again."
            return notice("This form was not accepted", text, status=403)
        async with request.form() as fields:
            return await run_in_threadpool(answer, sandbox, request.path_params["id"], fields)

    return endpoint


def is_foreign(request: Request) -> bool:
    """Whether a browser says that the request was made by a page of another site."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
