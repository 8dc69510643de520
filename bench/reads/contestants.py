"""Who answers over HTTP: each one process on loopback, over the same database, with as many connections to it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.reads import postgraphile
from bench.reads.asking import Questions
from bench.reads.questions import LIST, ONE
from billing.reader import MOST_CONNECTIONS
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox, free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0
CUSTOMER = "customer_"


@dataclass(frozen=True)
class Question:
    """How one question is put: the body, and what stands before a customer's id in it."""

    path: str
    document: str
    prefix: str = CUSTOMER

    def about(self, ids: list[str], key: str) -> Questions:
        """The requests."""
        variables = {"id": f"{self.prefix}{{id}}"} if "$id" in self.document else {}
        body = json.dumps({"query": self.document, "variables": variables}).replace("\\n", " ")
        return Questions(self.path, body, ids, key)


@dataclass(frozen=True)
class Contestant:
    """A server that is up; `translate` makes its data Assent's."""

    name: str
    port: int
    pid: int | None
    questions: dict[str, Question]
    translate: Callable[[dict[str, Any]], dict[str, Any]] = dict


OURS = {"one": Question("/graphql", ONE), "list": Question("/graphql", LIST)}
BARE = {"one": Question("/one", ONE), "list": Question("/list", LIST)}
POSTGRAPHILES = {
    "one": Question("/graphql", postgraphile.ONE, prefix=""),
    "list": Question("/graphql", postgraphile.LIST),
}


@contextmanager
def running(folder: Path, url: str) -> Iterator[tuple[list[Contestant], str]]:
    """All that are to be had, Assent first and SQL by hand second; and a key of Assent's."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(RunningSandbox(folder))
        assent = stack.enter_context(RunningAssent(folder, url, sandbox.base_url, APPLIER="false"))
        here = folder, url
        contestants = [
            Contestant("Assent", assent.port, assent.pid, OURS),
            Contestant("SQL by hand", *stack.enter_context(_module("bench.reads.bare", *here)), BARE),
            Contestant("Strawberry, caches", *stack.enter_context(_module("bench.reads.ordinary", *here)), OURS),
        ]
        try:
            served = stack.enter_context(_process(postgraphile.install(), *here))
            contestants.append(Contestant("PostGraphile 5", *served, POSTGRAPHILES, postgraphile.in_our_words))
        except postgraphile.Unavailable as reason:
            print(f"  PostGraphile is missing here: {reason}")
        yield contestants, assent.key


def _module(name: str, folder: Path, url: str) -> contextlib.AbstractContextManager[tuple[int, int]]:
    return _process([sys.executable, "-m", name], folder, url)


@contextmanager
def _process(command: list[str | Path], folder: Path, url: str) -> Iterator[tuple[int, int]]:
    """The port and the id of a server that is told of both by its environment."""
    port, log = free_port(), folder / f"{Path(command[-1]).name}.log"
    environment = {
        **os.environ,
        "BENCH_DATABASE": url,
        "BENCH_PORT": str(port),
        "BENCH_CONNECTIONS": str(MOST_CONNECTIONS),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
    }
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
    try:
        _wait_for(port, process, log)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"A server did not start:\n{log.read_text()}")
