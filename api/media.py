"""Which media type a client of GraphQL gets, and what a request for it may look like."""

from functools import lru_cache

from starlette.datastructures import Headers

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


# Clients say one of a few things, in each request anew.
HEADERS_KEPT = 64


@lru_cache(HEADERS_KEPT)
def negotiate(accept: str) -> str | None:
    """The response's type, for this `Accept`; None where the client accepts neither of the two.

    Who says nothing, or takes anything, gets plain JSON, as clients from before the specification expect.
    """
    accepted = _accepted(accept)
    if not accepted:
        return JSON
    best = max((GRAPHQL, JSON), key=lambda each: (_quality(each, accepted), each == JSON))
    return best if _quality(best, accepted) > 0 else None


def wants_page(headers: Headers) -> bool:
    """Whether this is a person's browser that opens an address."""
    return "text/html" in _accepted(headers.get("accept", ""))


def _accepted(accept: str) -> dict[str, float]:
    """Media types and ranges with their quality, 0 to 1."""
    found: dict[str, float] = {}
    for part in accept.split(","):
        type, *parameters = (each.strip().lower() for each in part.split(";"))
        if type:
            found[type] = next((_number(each[2:]) for each in parameters if each.startswith("q=")), 1.0)
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _quality(type: str, accepted: dict[str, float]) -> float:
    """The most specific range decides; a range does not ask for GraphQL's own type."""
    if type in accepted or type == GRAPHQL:
        return accepted.get(type, 0.0)
    return accepted.get("application/*", accepted.get("*/*", 0.0))


@lru_cache(HEADERS_KEPT)
def is_json(content_type: str) -> bool:
    """Whether a body is JSON in UTF-8. No page elsewhere can send that type without asking first."""
    type, *parameters = (each.strip().lower() for each in content_type.split(";"))
    charsets = [each.partition("=")[2].strip('"') for each in parameters if each.startswith("charset=")]
    return type == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)
