"""A client that asks over many connections, from a process of its own, and costs little itself.

Closed loop: each connection sends its next request when the last is answered. Open loop: requests come at a fixed rate
whether or not the server keeps up, and each one's time counts from when it was due, not from when it could be sent.
"""

import asyncio
import hashlib
import hmac
import math
import multiprocessing
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, cast

import uvloop

ROUND = 0.001  # seconds between two looks at what is due, in the open loop
PATIENCE = 30.0  # seconds for the last answers

Due = float


class Requests(Protocol):
    """What to send, as something that the client's process can be told."""

    def to(self, port: int) -> Iterator[bytes]:
        """Whole requests without end, each made when it is asked for."""


@dataclass(frozen=True)
class Deliveries:
    """Signed events: `event` is JSON in which every `{number}` becomes one that was never used before."""

    path: str
    event: str
    secret: str

    def to(self, port: int) -> Iterator[bytes]:
        """Each with a fresh signature."""
        secret, prefix = self.secret.encode(), time.time_ns()
        head, pieces = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n", self.event.split("{number}")
        head += "Content-Type: application/json; charset=utf-8\r\nUser-Agent: Stripe/1.0\r\nAccept: */*\r\n"
        number = 0
        while True:
            number += 1
            body, now = f"{prefix}{number}".join(pieces).encode(), int(time.time())
            signature = hmac.digest(secret, b"%d.%b" % (now, body), hashlib.sha256).hex()
            signed = f"Stripe-Signature: t={now},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
            yield (head + signed).encode() + body


@dataclass(frozen=True)
class Load:
    """What to send where; `rate` is in requests per second; none for the closed loop."""

    port: int
    requests: Requests
    connections: int
    seconds: float
    rate: float | None = None


@dataclass
class Outcome:
    """What was answered, over any number of turns; `cpu` is what the client itself used, in seconds.

    An answer of 200 that tells of errors counts as one of 0.
    """

    answers: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0
    cpu: float = 0

    @property
    def rate(self) -> float:
        """Answers of 200 per second."""
        return self.answers[200] / self.seconds if self.seconds else math.nan

    def quantile(self, share: float) -> float:
        """Milliseconds that this share of the answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else math.nan

    def add(self, other: "Outcome") -> None:
        """Another turn."""
        self.answers += other.answers
        self.latencies += other.latencies
        self.seconds += other.seconds
        self.cpu += other.cpu


class Client:
    """Delivers from a process of its own, started once."""

    def __init__(self) -> None:
        self._process = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def deliver(self, load: Load) -> Outcome:
        """Blocks until the last answer."""
        return self._process.submit(_deliver, load).result()

    def close(self) -> None:
        """Ends the process."""
        self._process.shutdown()


def _deliver(load: Load) -> Outcome:
    return uvloop.run(_Run(load).finish())


class _Run:
    """One turn."""

    def __init__(self, load: Load) -> None:
        self._load, self._outcome = load, Outcome()
        self._requests = load.requests.to(load.port)
        self._idle: deque[_Connection] = deque()
        self._due: deque[Due] = deque()
        self._all_idle = asyncio.Event()
        self._began = 0.0

    async def finish(self) -> Outcome:
        """Opens the connections, delivers, and waits for what is under way."""
        for _ in range(self._load.connections):
            connection = _Connection(self, self._load.port)
            await connection.open()
            self._idle.append(connection)
        self._began, cpu = time.perf_counter(), time.process_time()
        await (self._at_a_rate() if self._load.rate else self._as_answered())
        self._outcome.seconds = time.perf_counter() - self._began
        self._outcome.cpu = time.process_time() - cpu
        while self._idle:
            self._idle.pop().close()
        return self._outcome

    async def _as_answered(self) -> None:
        while self._idle:
            self._idle.pop().send(next(self._requests), time.perf_counter())
        await self._everybody()

    async def _at_a_rate(self) -> None:
        rate, sent = self._load.rate or 0, 0
        while (elapsed := time.perf_counter() - self._began) < self._load.seconds:
            while sent < elapsed * rate:
                self._due.append(self._began + sent / rate)
                sent += 1
            while self._due and self._idle:
                self._idle.popleft().send(next(self._requests), self._due.popleft())
            await asyncio.sleep(ROUND)
        await self._everybody()

    async def _everybody(self) -> None:
        async with asyncio.timeout(self._load.seconds + PATIENCE):
            while len(self._idle) < self._load.connections:
                self._all_idle.clear()
                await self._all_idle.wait()

    def answered(self, connection: "_Connection", status: int, due: Due) -> None:
        """An answer has come: the connection sends its next, or rests."""
        now = time.perf_counter()
        self._outcome.answers[status] += 1
        self._outcome.latencies.append(now - due)
        if self._due:
            connection.send(next(self._requests), self._due.popleft())
        elif not self._load.rate and now - self._began < self._load.seconds:
            connection.send(next(self._requests), now)
        else:
            self._idle.append(connection)
            self._all_idle.set()


class _Connection(asyncio.Protocol):
    """Sends one request at a time; opens anew where the server closes after each."""

    def __init__(self, run: _Run, port: int) -> None:
        self._run, self._port = run, port
        self._transport: asyncio.WriteTransport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._received, self._due = b"", 0.0
        self._closed = False

    async def open(self) -> None:
        """Connects."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def close(self) -> None:
        """For good."""
        self._closed = True
        if self._transport:
            self._transport.close()

    def send(self, request: bytes, due: Due) -> None:
        """Sends; the run is told of the answer."""
        self._due = due
        if self._transport is None or self._transport.is_closing():
            self._opening = asyncio.create_task(self._send_anew(request))
        else:
            self._transport.write(request)

    async def _send_anew(self, request: bytes) -> None:
        await self.open()
        assert self._transport
        self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """For asyncio."""
        self._transport, self._received = cast(asyncio.WriteTransport, transport), b""

    def connection_lost(self, error: Exception | None) -> None:
        """For asyncio."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """For asyncio."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        if b"connection: close" in lowered and self._transport:
            self._transport.close()
        self._run.answered(self, 0 if b'"errors":' in body else int(head[9:12]), self._due)
