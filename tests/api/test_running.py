"""Processes: a first run with its sandbox, a server, a worker, and how each ends."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.serving import bind
from tests.api.commands import AWAY, COMMAND, PATIENCE, REAL, environment
from tests.api.conftest import bearer
from tests.running_sandbox import free_port, until


class Served:
    """`assent serve --sandbox` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.sandbox_port = folder, free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        given = environment({"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)})
        with subprocess.Popen(
            [*COMMAND, "serve", "--sandbox"], cwd=self.folder, env=given, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                self.wait_until_ready(process)
                yield process
            finally:
                process.kill()

    def wait_until_ready(self, process: "subprocess.Popen[str]") -> None:
        for _ in until(PATIENCE):
            assert process.poll() is None, "it ended at once"
            if self.answers(self.port, "/readyz"):
                return
        raise TimeoutError

    def answers(self, port: int, path: str = "/") -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def ask(self, key: str) -> Any:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": "{ products { edges { node { id } } } }"},
            headers=bearer(key),
            trust_env=False,
        )
        return answer.json()

    def wait_for_the_sandbox_s_end(self) -> None:
        for _ in until(PATIENCE):
            if not self.answers(self.sandbox_port, "/_sandbox/health"):
                return
        raise TimeoutError


def test_a_first_run_needs_nothing_and_ends_without_a_trace(tmp_path: Path) -> None:
    served = Served(tmp_path)
    with served.running() as process:
        assert served.answers(served.sandbox_port, "/_sandbox/health")
        file = tmp_path / "var" / "development.key"
        key = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "var" / "secrets.json").stat().st_mode) == 0o600
        assert served.ask(key) == {"data": {"products": {"edges": []}}}
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        told = process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert f"http://127.0.0.1:{served.port}/graphql" in told
    assert key in told
    served.wait_for_the_sandbox_s_end()
    with served.running() as process:
        assert file.read_text().strip() == key
        assert "data" in served.ask(key)
        # However the parent goes, nothing of it stays behind.
        os.kill(process.pid, signal.SIGKILL)
        served.wait_for_the_sandbox_s_end()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_and_a_worker_end_when_they_are_told_to(migrated: Path, stripe: str, how: signal.Signals) -> None:
    port = free_port()
    given = environment({**REAL, "PORT": str(port), "STRIPE_API_BASE": stripe})
    for command in ("serve", "worker"):
        with subprocess.Popen(
            [*COMMAND, command], cwd=migrated, env=given, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stderr is not None
                assert any("working" in line for line in process.stderr) if command == "worker" else wait_for(port)
                process.send_signal(how)
                assert process.wait(PATIENCE) == 0
                told = process.stderr.read()
                assert "Traceback" not in told, told
            finally:
                process.kill()


async def test_no_part_of_an_answer_waits_for_the_one_before() -> None:
    connected: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        connected.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = bind("127.0.0.1", 0)
    async with await asyncio.start_server(accept, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        assert await connected
        writer.close()


def wait_for(port: int) -> bool:
    for _ in until(PATIENCE):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            continue
    return False


def test_a_worker_shows_its_figures_where_it_is_told_to(migrated: Path, stripe: str) -> None:
    port = free_port()
    given = environment({**REAL, "STRIPE_API_BASE": stripe, "METRICS_PORT": str(port)})
    with subprocess.Popen([*COMMAND, "worker"], cwd=migrated, env=given, stderr=subprocess.PIPE, text=True) as process:
        assert wait_for(port)
        assert "assent_inbox_lag_seconds 0.0" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_restart_does_not_wait_for_stripe(migrated: Path, stripe: str) -> None:
    port = free_port()
    for base in (stripe, AWAY):
        given = environment({**REAL, "PORT": str(port), "STRIPE_API_BASE": base})
        with subprocess.Popen(
            [*COMMAND, "serve"], cwd=migrated, env=given, stderr=subprocess.PIPE, text=True
        ) as process:
            assert wait_for(port)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            assert process.stderr is not None
            assert ("its account is known from before" in process.stderr.read()) is (base != stripe)
