"""The sandbox with a clock that a test moves: in this process, and spoken to over HTTP all the same."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn

from sandbox.app import create_app
from sandbox.core import Sandbox
from sandbox.settings import Settings
from tests.sandbox_client import TLS, SandboxClient, new_record

PATIENCE = 20.0
"""Seconds that the server has to start and to end."""


class MovingSandbox(SandboxClient):
    """A local Stripe of one test's own. `inside` is the sandbox itself, for what no control shows."""

    def __init__(self, base_url: str, inside: Sandbox) -> None:
        super().__init__(base_url)
        self.inside = inside


@contextlib.contextmanager
def moving_sandbox(
    folder: Path, *, webhook_url: str | None = None, webhook_secret: str | None = None
) -> Iterator[MovingSandbox]:
    """Runs it on a free port, with its state in this folder."""
    # Told that this is TCP, asyncio turns Nagle's algorithm off, for which the second part of an answer waits 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = Settings(
        folder / "sandbox.db", base_url, webhook_url=webhook_url, webhook_secret=webhook_secret, record=new_record()
    )
    inside = Sandbox(settings)
    config = uvicorn.Config(create_app(inside), log_config=None, date_header=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    # A daemon, so that a test that is interrupted does not keep the process.
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        _wait_for(base_url)
        yield MovingSandbox(base_url, inside)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()


def _wait_for(base_url: str) -> None:
    # The socket listens already or will in a moment: the connection waits for the server.
    transport = httpx.HTTPTransport(verify=TLS, retries=10)
    with httpx.Client(transport=transport, timeout=PATIENCE, trust_env=False) as client:
        client.get(f"{base_url}/_sandbox/health").raise_for_status()
