"""One sandbox for all tests of a process: each makes its own customers, so they do not meet."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import stripe

from sandbox.settings import Billing
from tests.running_sandbox import RunningSandbox
from tests.sandbox.bench import Bench
from tests.sandbox.receiver import Receiver
from tests.sandbox_client import RECORDINGS, new_record
from tests.stripe_contract import violations


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = os.environ.get(RECORDINGS) or tmp_path_factory.mktemp("record")
    return Path(folder) / f"{uuid4().hex}.jsonl"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, record: Path) -> Iterator[RunningSandbox]:
    """At the end everything that it answered is held to Stripe's contract."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox"), record=record) as sandbox:
        yield sandbox
    assert violations(record, tmp_path_factory.mktemp("contract")) == ""


@pytest.fixture(scope="session")
def client(running: RunningSandbox) -> stripe.StripeClient:
    return running.client()


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "ada@example.com", "name": "Ada"})


@pytest.fixture(scope="session")
def bench_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What every bench of a process answers is held to Stripe's contract as well."""
    record = new_record() or tmp_path_factory.mktemp("bench_record") / "exchanges.jsonl"
    yield record
    assert violations(record, tmp_path_factory.mktemp("contract")) == ""


@pytest.fixture
async def bench_with(tmp_path: Path, bench_record: Path) -> AsyncIterator[Callable[[Billing], Bench]]:
    """Makes benches with these settings, each with a state of its own."""
    made: list[Bench] = []

    def make(billing: Billing) -> Bench:
        made.append(Bench(tmp_path / str(len(made)), bench_record, billing))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
async def bench(bench_with: Callable[[Billing], Bench]) -> Bench:
    return bench_with(Billing())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook endpoint that takes everything, until it is told not to."""
    receiver = Receiver()
    yield receiver
    receiver.close()
