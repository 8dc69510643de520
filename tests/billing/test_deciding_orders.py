"""Deciding, in every order of every history."""

from itertools import pairwise, permutations, product

import pytest

from billing.mirror.deciding import Stored, decide
from billing.mirror.life_cycles import LIFE_CYCLES
from billing.mirror.news import News
from tests.billing.news import READ, customer, event, store, update


def test_every_mirrored_status_is_in_one_stage_only() -> None:
    for life in LIFE_CYCLES.values():
        statuses = [status for stage in life.stages for status in stage]
        assert len(statuses) == len(set(statuses))


def apply_all(order: list[News]) -> tuple[Stored, list[News]]:
    """What is stored in the end, and which events could not be put in order."""
    known, unclear = store(order[0]), list[News]()
    for news in order[1:]:
        waiting = [*unclear, news]
        while True:
            unclear = []
            for each in waiting:
                verdict = decide(known, each)
                known = store(each, known, verdict)
                unclear += [each] if verdict.decision is READ else []
            if len(unclear) in (0, len(waiting)):
                break
            waiting = unclear
    return known, unclear


@pytest.mark.parametrize("length", [2, 3, 4])
def test_every_order_of_every_history_of_a_second_ends_in_the_truth_or_asks_for_it(length: int) -> None:
    """And never asks where no state came back."""
    for path in product("abcd", repeat=length + 1):
        if any(before == after for before, after in pairwise(path)):
            continue
        events = [update(before, after, id=f"evt_{index}") for index, (before, after) in enumerate(pairwise(path))]
        for order in permutations(events):
            known, unclear = apply_all(list(order))
            assert unclear or known.data["name"] == path[-1], (path, [each.known.event_id for each in order])
            assert not (unclear and len(set(path)) == len(path))


def test_every_order_over_two_seconds_from_the_creation_on_ends_in_the_truth() -> None:
    for path in product("abc", repeat=4):
        if any(before == after for before, after in pairwise(path)):
            continue
        for split in range(4):
            steps = [
                update(before, after, 100 if index < split else 101, id=f"evt_{index}")
                for index, (before, after) in enumerate(pairwise(path))
            ]
            events = [event(customer(path[0]), 100, "customer.created"), *steps]
            for order in permutations(events):
                known, unclear = apply_all(list(order))
                assert unclear or known.data["name"] == path[-1], (path, split)
