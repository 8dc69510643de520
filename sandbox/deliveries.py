"""Sending events to webhook endpoints: signed, several at once, tried again for three days, across restarts."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import logging
from dataclasses import dataclass

import httpx

from sandbox import astray
from sandbox.core import Sandbox
from sandbox.resources.events import with_pending
from sandbox.resources.invoices import waiting

log = logging.getLogger(__name__)

AT_ONCE = 8
TIMEOUT = 15.0
"""Seconds that an endpoint has for its answer."""
PAUSES = (1, 5, 30, 300, 1800, 7200, 18000, *(36000,) * 6)
"""Seconds before each further attempt: quick at first, for development, and three days in all."""
IDLE = 5.0
"""Seconds after which to look again even if nothing woke us."""


@dataclass(frozen=True)
class Delivery:
    """One attempt: a row of `deliveries`, with where to send what."""

    seq: int
    attempts: int
    url: str
    body: bytes
    secrets: tuple[str, ...]


class Courier:
    """Delivers what is due until it is canceled."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._woken = asyncio.Event()
        self._tried = asyncio.Event()
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver for ever."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._woken.set)

        def until_tried() -> None:
            asyncio.run_coroutine_threadsafe(self._until_tried(), loop).result()

        self._sandbox.on_queued, self._sandbox.until_tried = wake, until_tried
        # trust_env: a proxy of this machine has no business between two programs on its loopback.
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            try:
                while True:
                    self._woken.clear()
                    await self._start_due(client)
                    await self._rest()
            finally:
                self._sandbox.on_queued = self._sandbox.until_tried = lambda: None
                for task in self._under_way.values():
                    task.cancel()
                await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _start_due(self, client: httpx.AsyncClient) -> None:
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            return
        for delivery in await asyncio.to_thread(due, self._sandbox, set(self._under_way), free):
            task = asyncio.create_task(self._deliver(client, delivery))
            self._under_way[delivery.seq] = task

    async def _until_tried(self) -> None:
        """Until every delivery that a draft waits for, and that is due, has been tried."""
        self._tried.clear()  # before each look: what is tried during it must wake us
        while await asyncio.to_thread(_awaited, self._sandbox):
            self._woken.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE):
                    await self._tried.wait()
            self._tried.clear()

    async def _rest(self) -> None:
        """Until something is committed, delivered, or due."""
        pause = IDLE
        if len(self._under_way) < AT_ONCE:
            pause = await asyncio.to_thread(_until_next, self._sandbox, set(self._under_way))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._woken.wait()

    async def _deliver(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        try:
            stormy = bool(self._sandbox.weather.deliveries)
            verdict = await asyncio.to_thread(astray.verdict, self._sandbox, delivery.seq) if stormy else "send"
            if verdict == "held":
                return
            if verdict == "lost":
                answer, delivered = "lost on the way", True
            else:
                answer, delivered = await send(client, delivery, int(self._sandbox.clock.machine()))
            await asyncio.to_thread(settle, self._sandbox, delivery, answer, delivered=delivered)
        except Exception:  # the boundary of a background task: the row is still due and will be tried again
            log.exception("Delivery %s failed", delivery.seq)
        finally:
            self._under_way.pop(delivery.seq, None)
            self._woken.set()
            self._tried.set()


def due(sandbox: Sandbox, under_way: set[int], most: int) -> list[Delivery]:
    """What is to be sent now, oldest first."""
    with sandbox.database.transaction() as connection:
        rows = connection.execute(
            "SELECT deliveries.*, endpoints.body AS endpoint_body, endpoints.secret FROM deliveries "
            "JOIN objects AS endpoints ON endpoints.id = deliveries.endpoint "
            "WHERE deliveries.due <= ? ORDER BY deliveries.due, deliveries.seq LIMIT ?",
            (sandbox.clock.exact(), most + len(under_way)),
        ).fetchall()
    next_ones = [row for row in rows if row["seq"] not in under_way][:most]
    with sandbox.work() as work:
        return [
            Delivery(
                row["seq"],
                row["attempts"],
                json.loads(row["endpoint_body"])["url"],
                json.dumps(with_pending(work, work.get("event", row["event"])), indent=2).encode(),
                tuple(json.loads(row["secret"])["secrets"]),
            )
            for row in next_ones
        ]


def _awaited(sandbox: Sandbox) -> bool:
    with sandbox.database.transaction() as connection:
        found = connection.execute(
            "SELECT 1 FROM deliveries WHERE draft IS NOT NULL AND due <= ? LIMIT 1", (sandbox.clock.exact(),)
        ).fetchone()
    return found is not None


def _until_next(sandbox: Sandbox, under_way: set[int]) -> float:
    with sandbox.database.transaction() as connection:
        rows = connection.execute(
            "SELECT seq, due FROM deliveries WHERE due IS NOT NULL ORDER BY due LIMIT ?",
            (len(under_way) + 1,),
        ).fetchall()
    next_due = min((row["due"] for row in rows if row["seq"] not in under_way), default=None)
    return IDLE if next_due is None else min(max(next_due - sandbox.clock.exact(), 0.0), IDLE)


async def send(client: httpx.AsyncClient, delivery: Delivery, now: int) -> tuple[str, bool]:
    """One attempt: what came back, and whether it counts as delivered. A redirect does not.

    `now` is the machine's time, because the receiver judges by its own how old the signature is.
    """
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(delivery.body, delivery.secrets, now),
        "User-Agent": "Stripe/1.0 (sandbox)",
    }
    try:
        response = await client.post(delivery.url, content=delivery.body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__, False
    return str(response.status_code), response.is_success


def settle(sandbox: Sandbox, delivery: Delivery, answer: str, *, delivered: bool) -> None:
    """Record an attempt, and when the next one is due, if one is. A draft may have waited for it."""
    again = not delivered and delivery.attempts < len(PAUSES)
    due_at = sandbox.clock.exact() + PAUSES[delivery.attempts] if again else None
    with sandbox.work() as work:
        work.connection.execute(
            "UPDATE deliveries SET attempts = attempts + 1, due = ?, delivered = ?, last_answer = ? WHERE seq = ?",
            (due_at, delivered, answer, delivery.seq),
        )
        if delivered:
            waiting.heard(work, delivery.seq)


def signature(body: bytes, secrets: tuple[str, ...], now: int) -> str:
    """The `Stripe-Signature` header: the time, and one signature for each secret that is valid."""
    signed = str(now).encode() + b"." + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={now}", *(f"v1={digest}" for digest in digests)])
