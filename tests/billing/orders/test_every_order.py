"""Every order in which events of recorded lives can come leaves what is so at Stripe, and nothing that waits."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from billing.mirror.expanding import unexpanded
from billing.mirror.kinds import KINDS
from billing.mirror.news import News
from tests.billing.orders.recording import Recorded
from tests.billing.orders.variants import VARIANTS, once, pieces
from tests.billing.orders.walking import Told, Walk

Variant = Callable[[Sequence[News]], Iterator[Told]]

# Events that are walked here with everything; `bench/bench_orders.py` walks more.
MOST = 4


def test_a_life_of_each_kind_is_recorded(recordings: list[Recorded]) -> None:
    longest = {events[0].type: len(events) for events in sorted(pieces(recordings, 99), key=len)}
    assert longest.items() >= {"subscription": 9, "invoice": 8, "payment_intent": 4, "dispute": 5, "refund": 2}.items()


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
def test_every_order_of_a_recorded_life_ends_in_the_truth(recordings: list[Recorded], variant: Variant) -> None:
    orders = 0
    for events in pieces(recordings, MOST):
        walks = [Walk(told).run() for told in variant(events)]
        assert [walk.diverged for walk in walks if walk.diverged] == [], events[0].type
        orders += sum(walk.orders for walk in walks)
    assert orders > 5_000


def test_every_order_of_seven_events_ends_in_the_truth(recordings: list[Recorded]) -> None:
    for events in pieces(recordings, 7):
        assert [path for told in once(events) for path in Walk(told).run().diverged] == [], events[0].type


def test_the_last_that_stripe_tells_of_an_object_is_what_it_has(recordings: list[Recorded]) -> None:
    """Otherwise no order of events could end in the truth. A mandate is told of only when it changes."""
    for told in recordings:
        for there in told.there:
            *_, last = told.of(there["id"])
            if last.type != "mandate":
                assert News.of(unexpanded(there, KINDS), None, last.known).state == last.state, last.type
