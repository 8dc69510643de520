"""What a request for the endpoint asks, however it comes, and how one is refused that cannot be run."""

from collections.abc import Mapping
from http import HTTPStatus
from types import NoneType
from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request

from api.bodies import TooLarge, read_body
from api.media import is_json
from schema.parsing import MOST_TOKENS, MOST_VALUES

# Bytes of one request's body.
LARGEST_BODY = 256 * 1024
# What a document and its variables may have between them; more is not worth making objects of.
MOST_BRACKETS = MOST_TOKENS + MOST_VALUES

# What may be left out, or be null.
OBJECT, TEXT = (dict, NoneType), (str, NoneType)


class Refused(Exception):
    """The request is not one that can be run."""

    def __init__(self, status: HTTPStatus, message: str, code: str = "BAD_REQUEST", **headers: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Asked(NamedTuple):
    """What a client wants to be run: a document, or the id of one."""

    query: str | None
    """One of the two is there."""
    document_id: str | None
    variables: dict[str, Any] | None
    operation_name: str | None


async def read(request: Request) -> Asked:
    """What a request asks. Raises Refused."""
    if request.method in ("GET", "HEAD"):
        given = request.query_params
        return _asked({**given, **{name: _parsed(given.get(name)) for name in ("variables", "extensions")}})
    if not is_json(request.headers.get("content-type", "")):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body as Content-Type: application/json.")
    try:
        body = await read_body(request, LARGEST_BODY)
    except TooLarge as error:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {LARGEST_BODY} bytes.") from error
    except ClientDisconnect as error:
        raise Refused(HTTPStatus.REQUEST_TIMEOUT, "The body did not come to its end.") from error
    if body.count(b"{") + body.count(b"[") > MOST_BRACKETS:
        raise Refused(HTTPStatus.BAD_REQUEST, f"A body may have {MOST_BRACKETS} opening brackets.")
    return _asked(_parsed(body))


def _parsed(text: str | bytes | None) -> Any:
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "This is not JSON in UTF-8, or has half a character.") from error


def _asked(given: Any) -> Asked:
    if isinstance(given, list):
        raise Refused(HTTPStatus.BAD_REQUEST, "Send one document in one request.")
    if not isinstance(given, dict):
        raise Refused(HTTPStatus.BAD_REQUEST, 'The body is an object, as {"query": "..."}.')
    return asked_by(given)


def asked_by(given: Mapping[str, Any]) -> Asked:
    """What an object of GraphQL's protocols asks, over HTTP or over a socket. Raises Refused."""
    variables, name = given.get("variables"), given.get("operationName")
    if not isinstance(variables, OBJECT):
        raise Refused(HTTPStatus.BAD_REQUEST, "`variables` is an object, if it is there.")
    if not isinstance(name, TEXT):
        raise Refused(HTTPStatus.BAD_REQUEST, "`operationName` is a string, if it is there.")
    if not isinstance(given.get("extensions"), OBJECT):
        raise Refused(HTTPStatus.BAD_REQUEST, "`extensions` is an object, if it is there.")
    return Asked(*_document_of(given), variables, name or None)


def _document_of(given: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The text that a request brings, or the id that it names. Raises Refused."""
    query, document_id = given.get("query"), given.get("documentId")
    if not isinstance(query, TEXT) or not isinstance(document_id, TEXT):
        raise Refused(HTTPStatus.BAD_REQUEST, "`query` and `documentId` are strings.")
    if query and document_id:
        raise Refused(HTTPStatus.BAD_REQUEST, "Send `query` or `documentId`, and not both.")
    if document_id:
        return None, document_id
    if not query or not query.strip():
        raise Refused(HTTPStatus.BAD_REQUEST, "`query` is missing; it is a string, or `documentId` in its place.")
    return query, None
