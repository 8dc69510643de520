"""A tenth of all deliveries lost and kill -9 at random points: nothing is missing in the end, and nothing differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journey.conftest import joined
from tests.journey.losing import SETTINGS, kept, live_while_killed, lose
from tests.journey.walking import Journey
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox

SEED = 261126
CHANGES = 60


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """Of this test's own: everything in it is to be known here."""
    with RunningSandbox(tmp_path) as running:
        yield running


@pytest.fixture
def assent(database_url: str, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningAssent]:
    with joined(RunningAssent(tmp_path, database_url, sandbox.base_url, **SETTINGS), sandbox) as running:
        yield running


def test_nothing_is_lost(assent: RunningAssent, sandbox: RunningSandbox) -> None:
    journey = Journey(assent, sandbox)
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")
    lose(sandbox, 0.1, SEED)
    client, owner = sandbox.client(), journey.customer_stripe_id()
    [subscription] = client.v1.subscriptions.list({"customer": owner}).data

    def happen(number: int) -> Any:
        """What others do at Stripe, which only events tell of."""
        match number % 3:
            case 0:
                client.v1.subscriptions.update(subscription.id, {"metadata": {"turn": str(number)}})
            case 1:
                client.v1.products.create({"name": f"Plan {number}"})
            case _:
                client.v1.customers.update(owner, {"name": f"Jenny {number}"})

    live_while_killed(assent, happen, times=CHANGES, kills=3, seed=SEED)

    found = kept(assent, sandbox)
    assert (found.missing, found.unsettled, found.different) == (set(), 0, [])
    assert found.at_stripe >= CHANGES
    assert found.swept > 0, "some deliveries were lost"
