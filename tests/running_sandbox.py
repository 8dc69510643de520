"""The sandbox as tests use it: a process of its own on a free port, spoken to with the real SDK."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.sandbox_client import TLS, SandboxClient, new_record

ROOT = Path(__file__).parent.parent
PATIENCE = 20.0
"""Seconds that a process has to start."""


class RunningSandbox(SandboxClient):
    """`with RunningSandbox(folder) as sandbox`: a local Stripe whose state is in that folder.

    `stop` and `kill` end the process and `start` runs it again on the same state and port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        methods: str = "card,amazon_pay",
        record: Path | None = None,
    ) -> None:
        self.port = free_port()
        super().__init__(f"http://127.0.0.1:{self.port}")
        self._arguments = ["--port", str(self.port), "--database", str(folder / "sandbox.db"), "--methods", methods]
        if webhook_url and webhook_secret:
            self._arguments += ["--webhook-url", webhook_url, "--webhook-secret", webhook_secret]
        if record := record or new_record():
            self._arguments += ["--record", str(record)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Run the program until it answers."""
        command = [sys.executable, "-m", "sandbox", *self._arguments]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in until(PATIENCE):
            if self._process.poll() is not None:
                raise RuntimeError(f"The sandbox ended at once with code {self._process.returncode}.")
            with contextlib.suppress(httpx.TransportError):
                httpx.get(self.base_url + "/_sandbox/health", verify=TLS, trust_env=False).raise_for_status()
                return
        self.kill()
        raise TimeoutError("The sandbox did not start.")

    def stop(self) -> None:
        """End it politely."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)


def free_port() -> int:
    """A port of the loopback that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(seconds: float) -> Iterator[float]:
    """Tries, a little apart, until the time is over: for conditions that another process brings about."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        yield left
        time.sleep(0.02)
