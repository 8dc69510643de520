"""File links: addresses at which anybody can read a file, until they expire."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/file_links"


def create(work: Work, params: Params) -> Object:
    """POST /v1/file_links."""
    return add(work, work.get("file", params.get("file"), "file"), params)


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/file_links/{link}: when it expires, `now` included, and its metadata."""
    link = work.get("file_link", id)
    changes: dict[str, Any] = {}
    if "expires_at" in params:
        expires_at = params.get("expires_at")
        changes = _expiry(work, work.now if expires_at == "now" else expires_at)
    if "metadata" in params:
        changes["metadata"] = merge(link["metadata"], params.get("metadata"))
    link.update(changes)
    work.save(link)
    _show(work, link["file"])
    return link


def list_links(work: Work, params: Params) -> Object:
    """GET /v1/file_links."""
    where = params.given("file")
    if "expired" in params:
        where["expired"] = int(params.get("expired"))
    return page(work, "file_link", params, URL, where)


def add(work: Work, file: Object, params: Params) -> Object:
    """A link to a file, as `expires_at` and `metadata` say."""
    link = {
        "id": new_id("link"),
        "object": "file_link",
        "created": work.now,
        "file": file["id"],
        "livemode": False,
        "metadata": merge({}, params.get("metadata", {})),
        "url": work.sandbox.url(f"/links/{new_token(32)}"),
        **_expiry(work, params.get("expires_at")),
    }
    if link["expired"]:
        raise InvalidRequest("`expires_at` must be in the future.", param="expires_at")
    work.add(link)
    _show(work, file["id"])
    return link


def expire(work: Work, link: Object) -> None:
    """Its time is over."""
    link["expired"] = True
    work.save(link)
    _show(work, link["file"])


def _show(work: Work, file_id: str) -> None:
    """A file shows its links as they are now."""
    file = work.get("file", file_id)
    file["links"]["data"] = work.select("file_link", {"file": file_id})
    work.save(file)


def _expiry(work: Work, expires_at: int | None) -> dict[str, Any]:
    return {"expired": expires_at is not None and expires_at <= work.now, "expires_at": expires_at}


KIND = Kind("file_link", expands={"file": "file"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_links),
    Endpoint("GET", URL + "/{link}", retrieve("file_link")),
    Endpoint("POST", URL + "/{link}", update),
]
