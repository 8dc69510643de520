"""One sandbox for all tests of a process: each makes its own customers, so they do not meet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.stripe_contract import violations


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("record") / "exchanges.jsonl"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, record: Path) -> Iterator[RunningSandbox]:
    """At the end everything that it answered is held to Stripe's contract."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox"), record=record) as sandbox:
        yield sandbox
    assert violations(record, record.parent) == ""


@pytest.fixture(scope="session")
def client(running: RunningSandbox) -> stripe.StripeClient:
    return running.client()


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    return client.v1.customers.create({"email": "ada@example.com", "name": "Ada"})
