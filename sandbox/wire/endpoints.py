"""A method and a path of the API, and the function behind it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

Handler = Callable[..., Object]
"""`(work, *ids from the path, params)` -> the answer, unexpanded."""


@dataclass(frozen=True)
class Endpoint:
    """`path` is a template such as `/v1/customers/{customer}`, as the SDK has it."""

    method: str
    path: str
    handler: Handler

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The template as a regular expression."""
        return re.compile(re.sub(r"{\w+}", "([^/]+)", self.path))


def find(endpoints: Iterable[Endpoint], method: str, path: str) -> tuple[Endpoint, tuple[str, ...]] | None:
    """The endpoint of a request, with the ids in its path."""
    for endpoint in endpoints:
        if endpoint.method == method and (match := endpoint.pattern.fullmatch(path)):
            return endpoint, match.groups()
    return None


def retrieve(kind: str) -> Handler:
    """A handler that answers with the object of that id."""

    def handler(work: Work, id: str, _params: Params) -> Object:
        return work.get(kind, id)

    return handler


def listing(kind: str, url: str, filters: Iterable[str] = ()) -> Handler:
    """A handler that answers with a page. `filters` are parameters that a field of that name must equal."""

    def handler(work: Work, params: Params) -> Object:
        return page(work, kind, params, url, params.given(*filters))

    return handler
