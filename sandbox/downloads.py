"""The bytes of an uploaded file: for whoever has a key, or for anybody by a file link."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.core import Sandbox
from sandbox.errors import ResourceMissing, StripeError
from sandbox.resources import files
from sandbox.wire import authentication
from sandbox.work import Object, Work

MEDIA = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}


def routes(sandbox: Sandbox) -> list[Route]:
    """Where files are read."""

    def by_key(request: Request) -> Response:
        return _answer(sandbox, lambda work: _keyed(work, request))

    def by_link(request: Request) -> Response:
        return _answer(sandbox, lambda work: _linked(work, str(request.url.path)))

    return [Route(files.URL + "/{id}/contents", by_key), Route("/links/{token}", by_link)]


def _answer(sandbox: Sandbox, find: Callable[[Work], Object]) -> Response:
    try:
        with sandbox.work() as work:
            file = find(work)
            content = files.contents(work, file)
    except StripeError as error:
        return JSONResponse(error.body(), error.status)
    # An attachment, so that no browser ever runs what somebody uploaded.
    name = "".join(each for each in file["filename"] if each.isascii() and each.isprintable() and each not in '"\\')
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return Response(content, headers=headers, media_type=MEDIA.get(file["type"], "application/octet-stream"))


def _keyed(work: Work, request: Request) -> Object:
    authentication.check_key(request.headers)
    return work.get("file", request.path_params["id"])


def _linked(work: Work, path: str) -> Object:
    found = work.select("file_link", {"url": work.sandbox.url(path)})
    if not found or found[0]["expired"]:
        raise ResourceMissing("file link", path.rpartition("/")[2])
    return work.get("file", found[0]["file"])
