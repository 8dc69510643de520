"""The sandbox as a child process: started, waited for, and gone when we are."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from billing.settings import CannotStart, Settings

LOOPBACK = "127.0.0.1"
STATE = Path("var/sandbox.sqlite3")

# Seconds for it to answer, and to end.
START_PATIENCE, STOP_PATIENCE = 20.0, 5.0


def command(settings: Settings, *, webhook: str | None) -> list[str]:
    """What starts it. `webhook` is the address that it delivers events to, if any."""
    deliver = ["--webhook-url", webhook, "--webhook-secret", settings.webhook_secrets[0]] if webhook else []
    return ["sandbox", "--port", str(settings.sandbox_port), "--database", str(STATE), *deliver]


@asynccontextmanager
async def running(settings: Settings, *, webhook: str) -> AsyncIterator[None]:
    """The sandbox, answering. Raises CannotStart."""
    _check_free(settings.sandbox_port)
    # In a session of its own, so that Ctrl-C reaches us alone and we stop it when nothing needs it any more.
    with subprocess.Popen(  # noqa: ASYNC220, S603 - it returns at once; we alone make the command
        [sys.executable, "-m", "api.child", *command(settings, webhook=webhook)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as child:
        try:
            await _wait_for(child, settings.sandbox_port)
            yield
        finally:
            await _stop(child)


async def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        await asyncio.to_thread(child.wait, STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CannotStart(f"SANDBOX_PORT: port {port} is in use; choose another.") from error


async def _wait_for(child: subprocess.Popen[bytes], port: int) -> None:
    deadline = asyncio.get_running_loop().time() + START_PATIENCE
    while child.poll() is None and asyncio.get_running_loop().time() < deadline:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(LOOPBACK, port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise CannotStart(f"SANDBOX_PORT: the sandbox did not start on port {port}; its own words are above.")
