"""One sandbox for all tests of a process: each makes its own customers, so they do not meet."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.bench import Bench
from tests.sandbox_client import RECORDINGS
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


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    await bench.http.aclose()
    bench.sandbox.database.close()
