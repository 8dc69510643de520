"""Assent as tests run it: the real command in a process of its own, spoken to over HTTP, killed and started again.

Its processes are forked from one that has imported everything: a start takes a fraction of a second, not four.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from billing import keys
from billing.database import Database
from billing.runtime import utc_now
from billing.settings import Environment
from billing.tables import KeyScope
from tests.running_sandbox import free_port, until
from tests.sandbox_client import TLS

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds for a start, an answer, and whatever else is waited for."""
STRIPE_KEY = "sk_test_of_the_tests"
WEBHOOK_SECRET = "whsec_of_a_test"
TOKEN_SECRET = "the secret of tests is long enough for a signature"
LIVE = Subprotocol("graphql-transport-ws")

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["api.cli", __name__])


class Refused(AssertionError):
    """GraphQL answered with errors."""


class RunningAssent:
    """`with RunningAssent(...) as assent`: `assent serve` on a migrated database, with a Stripe at `stripe`.

    `stop` and `kill` end the process and `start` runs it again on the same state and port. `key` is an admin's.
    `program` is what its process runs in place of the command.
    """

    def __init__(self, folder: Path, database_url: str, stripe: str, **settings: str) -> None:
        self.program: Callable[[dict[str, str], Path], None] = _serve
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.webhook_url = f"{self.base_url}/webhooks/stripe"
        self.settings = {
            "ASSENT_ENV": "production",
            "DATABASE_URL": database_url,
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_API_BASE": stripe,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "TOKEN_SECRET": TOKEN_SECRET,
            "ALLOWED_REDIRECT_ORIGINS": "https://shop.example,http://127.0.0.1:8000",
            "PUBLIC_URL": self.base_url,
            "PORT": str(self.port),
            # Tests and benchmarks call more often than any shop.
            "KEY_REQUESTS_PER_MINUTE": "10000000",
            "CUSTOMER_REQUESTS_PER_MINUTE": "10000000",
            **settings,
        }
        self._database_url, self._log = database_url, folder / "assent.log"
        self._client = httpx.Client(base_url=self.base_url, verify=TLS, trust_env=False, timeout=2 * PATIENCE)
        self._process: BaseProcess | None = None
        self.key = self.within(_make_key)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        self._client.close()

    @property
    def log(self) -> str:
        """All that its processes wrote."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def pid(self) -> int | None:
        """Of its process."""
        return self._process.pid if self._process else None

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.is_alive()

    def start(self) -> None:
        """Run the command until it is ready."""
        self._process = FORKS.Process(target=self.program, args=(self.settings, self._log), daemon=True)
        self._process.start()
        for _ in until(PATIENCE):
            if not self._process.is_alive():
                raise RuntimeError(f"Assent ended at once with code {self._process.exitcode}:\n{self.log}")
            with contextlib.suppress(httpx.TransportError):
                if self._client.get("/readyz").is_success:
                    return
        self.kill()
        raise TimeoutError(f"Assent did not become ready:\n{self.log}")

    def stop(self) -> None:
        """End it politely."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        self._end(signal.SIGKILL)

    def graphql(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
    ) -> Any:
        """The data of an answer without errors; `name` says which operation of several is meant."""
        response = self.post(document, variables, name=name, token=token)
        body = response.json()
        if response.status_code != httpx.codes.OK or "errors" in body:
            raise Refused(f"{response.status_code} {json.dumps(body)}\n{self.log[-4000:]}")
        return body["data"]

    def post(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        name: str | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Any answer to a document."""
        authorization = {"Authorization": f"Bearer {token or self.key}"}
        return self._client.post("/graphql", json=_body(document, variables, name), headers=authorization)

    def deliver(self, body: bytes | Iterator[bytes], signature: str | None) -> httpx.Response:
        """What the webhook endpoint answers to a delivery."""
        headers = {"Stripe-Signature": signature} if signature is not None else {}
        return self._client.post("/webhooks/stripe", content=body, headers=headers)

    @contextmanager
    def live(
        self, document: str, variables: dict[str, Any], *, name: str | None = None, token: str | None = None
    ) -> Iterator[Iterator[Any]]:
        """What a live field pushes, as an iterator of data that waits for the next."""
        address = self.base_url.replace("http", "ws", 1) + "/graphql"
        with connect(address, subprotocols=[LIVE], proxy=None, open_timeout=PATIENCE) as socket:
            _tell(socket, type="connection_init", payload={"authorization": f"Bearer {token or self.key}"})
            if (answer := json.loads(socket.recv(PATIENCE)))["type"] != "connection_ack":
                raise Refused(str(answer))
            _tell(socket, type="subscribe", id="1", payload=_body(document, variables, name))
            yield _pushed(socket)

    def within(self, work: Callable[[Database], Any]) -> Any:
        """What `work`, a coroutine function, does in this server's database behind its back."""

        async def run() -> Any:
            database = Database(self._database_url)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None and self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, how)
            self._process.join(PATIENCE)


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` gives once it is something: for what a webhook or the sweep brings about."""
    for _ in until(PATIENCE):
        if found := look():
            return found
    raise TimeoutError(f"Nothing came of it in {PATIENCE:.0f} seconds.")


async def _make_key(database: Database) -> str:
    async with database.transaction() as session:
        name = f"test-{uuid4().hex}"
        _, text = await keys.create(session, name, KeyScope.ADMIN, utc_now(), environment=Environment.PRODUCTION)
    return text


def _body(document: str, variables: dict[str, Any] | None, name: str | None) -> dict[str, Any]:
    return {"query": document, "variables": variables or {}, "operationName": name}


def _tell(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def _pushed(socket: ClientConnection) -> Iterator[Any]:
    while True:
        message = json.loads(socket.recv(PATIENCE))
        if message["type"] == "complete":
            return
        if message["type"] != "next" or "errors" in message["payload"]:
            raise Refused(str(message))
        yield message["payload"]["data"]


def _serve(settings: dict[str, str], log: Path) -> None:
    """In the new process: become `assent serve`."""
    from api.cli import main  # noqa: PLC0415 - in the processes of the server alone

    settle_in(settings, log)
    sys.argv = ["assent", "serve"]
    main()


def settle_in(settings: dict[str, str], log: Path) -> None:
    """In a new process: these settings, in a folder without anybody's .env, until the tests end."""
    threading.Thread(target=_end_with_tests, daemon=True).start()
    os.environ.update(settings)
    os.chdir(log.parent)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())


def _end_with_tests() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGKILL)
