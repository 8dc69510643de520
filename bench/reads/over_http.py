"""What clients get: requests over HTTP to one process each, from a process of its own, beside others who answer them.

The contestants take turns within each round, so that all meet the same noise.
"""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.load import Client, Load, Outcome
from bench.processor import used, used_by_family
from bench.reads.asking import Questions
from bench.reads.contestants import Contestant, running

CONNECTIONS = 16
WARMING = 5.0  # seconds before any round: Node compiles what it has run often
TARGETS = {"SQL by hand": 0.75, "PostGraphile 5": 2.0}
CHECKED = 5  # answers that are compared before anything is timed


@dataclass
class Entry:
    """A contestant with one question, over all its turns; seconds of the processor beside it."""

    contestant: Contestant
    requests: Questions
    outcome: Outcome = field(default_factory=Outcome)
    server: float = 0
    database: float = 0

    def turn(self, client: Client, seconds: float, database: Callable[[], float]) -> None:
        """Asked for so long."""
        before = used(self.contestant.pid), database()
        self.outcome.add(client.deliver(Load(self.contestant.port, self.requests, CONNECTIONS, seconds)))
        self.server += used(self.contestant.pid) - before[0]
        self.database += database() - before[1]

    @property
    def answered(self) -> int:
        """How many requests; one, if there was none."""
        return max(self.outcome.answers[200], 1)

    @property
    def cpu(self) -> float:
        """Seconds of both for each request."""
        return (self.server + self.database) / self.answered

    def answer(self, customer_id: str) -> dict[str, Any]:
        """To one request, in Assent's words."""
        body = self.requests.body.replace("{id}", customer_id)
        headers = {"Authorization": f"Bearer {self.requests.key}", "Content-Type": "application/json"}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.contestant.port}", trust_env=False, timeout=30) as client:
            response = client.post(self.requests.path, content=body, headers=headers)
        response.raise_for_status()
        given = response.json()
        assert "errors" not in given, given
        return self.contestant.translate(given["data"])


def measure(folder: Path, url: str, ids: list[str], *, rounds: int, seconds: float) -> None:
    """Both questions, and prints."""
    print(f"Over HTTP, PostgreSQL; {CONNECTIONS} connections, one process each, {rounds} rounds of {seconds:g} s")
    random.Random(1).shuffle(ids)  # noqa: S311 - the same order each time
    postmaster = int((Path(url.partition("?host=")[2]) / "data" / "postmaster.pid").read_text().split()[0])
    with ExitStack() as stack:
        client = Client()
        stack.callback(client.close)
        contestants, key = stack.enter_context(running(folder, url))
        for question in ("one", "list"):
            entries = [Entry(each, each.questions[question].about(ids, key)) for each in contestants]
            _compare(entries, ids)
            for entry in entries:
                Entry(entry.contestant, entry.requests).turn(client, WARMING, lambda: 0)
            for _ in range(rounds):
                for entry in entries:
                    entry.turn(client, seconds, lambda: used_by_family(postmaster))
                    time.sleep(0.1)
            _report(question, entries)


def _compare(entries: list[Entry], ids: list[str]) -> None:
    """All say the same."""
    for customer_id in ids[:CHECKED]:
        wanted = entries[0].answer(customer_id)
        for each in entries[1:]:
            assert each.answer(customer_id) == wanted, (each.contestant.name, each.answer(customer_id), wanted)


def _report(question: str, entries: list[Entry]) -> None:
    named = {each.contestant.name: each for each in entries}
    ours = entries[0]
    print(f"  {question}")
    for name, each in named.items():
        refused = {status: count for status, count in each.outcome.answers.items() if status != 200}
        cpu = f"{each.server / each.answered * 1000:6.3f} ms server + {each.database / each.answered * 1000:.3f} ms"
        print(f"    {name:20}{told(each.outcome)}   CPU {cpu} PostgreSQL   {refused or ''}")
    for name, each in named.items():
        if each is not ours:
            reached, target = ours.outcome.rate / each.outcome.rate, TARGETS.get(name)
            verdict = f"; target {target:g}, {'reached' if reached >= target else 'MISSED'}" if target else ""
            print(f"    Assent is {reached:.2f} x {name}, by CPU {each.cpu / ours.cpu:.2f}{verdict}")


def told(outcome: Outcome) -> str:
    """One line; the client's own share of a core shows whether it was in the way."""
    times = f"p50 {outcome.quantile(0.5):5.1f} ms  p99 {outcome.quantile(0.99):6.1f} ms"
    return f"{outcome.rate:7,.0f}/s  {times}  client {outcome.cpu / outcome.seconds:4.0%}"
