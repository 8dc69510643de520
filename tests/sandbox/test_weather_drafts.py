"""What becomes of a renewal's draft when word of it goes astray."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.moving_sandbox import MovingSandbox, moving_sandbox
from tests.sandbox.bench import HOUR
from tests.sandbox.paying import control
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_acknowledgements import renewal, subscribe, to_its_end


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[MovingSandbox]:
    with moving_sandbox(tmp_path, webhook_url=receiver.url, webhook_secret="whsec_1") as sandbox:
        yield sandbox


@pytest.mark.parametrize(("what", "hours"), [("drop", 72), ("lose", 1)])
def test_word_that_never_comes_holds_a_draft_up_only_if_stripe_knows(
    sandbox: MovingSandbox, receiver: Receiver, what: str, hours: int
) -> None:
    subscription = subscribe(sandbox)
    control(sandbox, "weather/deliveries", what=what, events="invoice.created").raise_for_status()
    end = to_its_end(sandbox, subscription)
    sandbox.advance(hours=hours)
    invoice = renewal(sandbox, subscription)
    assert (invoice.status, invoice.status_transitions.finalized_at) == ("paid", end + hours * HOUR)
    assert receiver.types().count("invoice.created") == 1


def test_a_late_word_begins_the_hour_late(sandbox: MovingSandbox, receiver: Receiver) -> None:
    subscription = subscribe(sandbox)
    control(sandbox, "weather/deliveries", what="delay", events="invoice.created", seconds=2 * HOUR).raise_for_status()
    end = to_its_end(sandbox, subscription)
    sandbox.advance(hours=2)
    assert renewal(sandbox, subscription).status == "draft"
    sandbox.advance(hours=1)
    invoice = renewal(sandbox, subscription)
    assert invoice.status == "paid"
    assert end + 3 * HOUR <= invoice.status_transitions.finalized_at <= end + 3 * HOUR + 60
    assert receiver.types().count("invoice.created") == 2
