"""How long the running server takes to refuse each kind of abusive document, its caller's authentication included.

Each is sent as a document that was never seen before, so that nothing is remembered of it, and in one piece, so that
no acknowledgement of the network is waited for. Beside them a document that is answered, and a request without a key,
which costs what the way to the server and back costs.
"""

import asyncio
import json
import socket
import statistics
import time
from urllib.parse import urlsplit

from bench.measuring import running_databases
from billing.migrations import migrate
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox
from tests.schema.abuse import ABUSES, Abuse, distinct

TIMES = 20
TARGET = 10
"""Milliseconds."""

ANSWERED: Abuse = (
    "query ($id: ID!) { customer(id: $id) { id } }",
    {"id": "customer_0192f0a0-0000-7000-8000-000000000001"},
)


class Raw:
    """One connection that is kept."""

    def __init__(self, address: str, key: str) -> None:
        self.host, self.key = urlsplit(address).netloc, key
        host, port = self.host.split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def time(self, document: str, variables: dict[str, object]) -> tuple[float, bytes]:
        """Milliseconds until the answer, and the answer."""
        body = json.dumps({"query": document, "variables": variables}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        self.socket.sendall(head.encode() + body)
        answer = self._read()
        return (time.perf_counter() - began) * 1000, answer

    def _more(self) -> bytes:
        received = self.socket.recv(65536)
        assert received, "the server has closed the connection"
        return received

    def _read(self) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-le")
        )
        while len(body) < length:
            body += self._more()
        return body


def main() -> None:
    """Measures both databases and prints."""
    print(f"Refusals: {len(ABUSES)} kinds of documents, {TIMES} never seen before of each; milliseconds")
    with running_databases() as (folder, urls), RunningSandbox(folder) as stripe:
        for name, url in urls.items():
            asyncio.run(migrate(url))
            with RunningAssent(folder, url, stripe.base_url) as assent:
                measure(name, assent)


def measure(name: str, assent: RunningAssent) -> None:
    """Every kind in turn, in rounds, so that all meet the same noise."""
    known, stranger = Raw(assent.base_url, assent.key), Raw(assent.base_url, "ak_production_unknown")
    kinds = {"without a key": (stranger, ANSWERED), "(answered)": (known, ANSWERED)}
    kinds |= {kind: (known, abuse) for kind, abuse in ABUSES.items()}
    taken: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(TIMES):
        for kind, (connection, (document, variables)) in kinds.items():
            milliseconds, answer = connection.time(distinct(document, number), variables)
            assert (b'"errors"' in answer) == (kind != "(answered)"), (kind, answer[:200])
            taken[kind].append(milliseconds)
    report(name, taken)


def report(name: str, taken: dict[str, list[float]]) -> None:
    """Prints the kinds, the dearest first."""
    print(f"\n{name}")
    base = statistics.median(taken["without a key"])
    for kind, each in sorted(taken.items(), key=lambda item: -statistics.median(item[1])):
        p50, p99 = statistics.median(each), statistics.quantiles(each, n=100)[-1]
        print(f"  {kind:46} p50 {p50:6.1f}   p99 {p99:6.1f}   {p50 / base:5.1f} x a request without a key")
    refused = [statistics.median(each) for kind, each in taken.items() if kind in ABUSES]
    print(f"  {sum(each < TARGET for each in refused)} of {len(refused)} kinds are refused in under {TARGET} ms (p50)")


if __name__ == "__main__":
    main()
