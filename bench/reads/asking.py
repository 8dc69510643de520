"""Documents of GraphQL, and bodies like them, for the client of `bench.load` to send."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Questions:
    """Documents of GraphQL: `body` is JSON in which `{id}` becomes each of `ids` in turn, which are of one length."""

    path: str
    body: str
    ids: Sequence[str]
    key: str

    def to(self, port: int) -> Iterator[bytes]:
        """As a client of GraphQL sends them."""
        pieces = [each.encode() for each in self.body.split("{id}")]
        length = len(self.body.replace("{id}", self.ids[0]).encode())
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {self.key}\r\n"
            "Content-Type: application/json\r\nAccept: application/graphql-response+json, application/json\r\n"
            f"Content-Length: {length}\r\n\r\n"
        ).encode()
        for each in itertools.cycle([each.encode() for each in self.ids]):
            yield head + each.join(pieces)
