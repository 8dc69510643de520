"""Deciding which of two states is newer, one case after the other."""

from typing import Any

import pytest

from billing.mirror.deciding import decide, decide_hint
from billing.mirror.news import Known, News
from billing.mirror.states import digest, put_back
from tests.billing.news import APPLY, READ, SKIP, TRUST, after, customer, decision, event, store, update


def invoice(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "in_1", "object": "invoice", "status": status, **more}


def answer(data: dict[str, Any], known_from: int, known_until: int) -> News:
    return News.of(data, None, Known(known_from, known_until))


def test_what_was_never_seen_is_applied_however_old_it_is() -> None:
    assert decide(None, update("a", "b", second=1)).decision is APPLY


def test_a_later_second_replaces_and_an_earlier_one_is_skipped() -> None:
    assert decision(update("a", "b", 100), update("x", "y", 101)) is APPLY
    assert decision(update("a", "b", 100), update("x", "y", 99)) is SKIP


def test_the_same_event_again_is_skipped() -> None:
    assert decision(update("a", "b", 100), update("a", "b", 100)) is SKIP


def test_in_one_second_what_begins_where_the_stored_one_ends_follows() -> None:
    assert decision(update("a", "b"), update("b", "c")) is APPLY


def test_in_one_second_what_ends_where_the_stored_one_begins_precedes() -> None:
    assert decision(update("b", "c"), update("a", "b")) is SKIP


def test_in_one_second_a_chain_is_known_to_its_beginning() -> None:
    assert decision(update("c", "d"), update("b", "c"), update("a", "b")) is SKIP


def test_what_does_not_touch_the_stored_chain_is_read() -> None:
    assert decision(update("a", "b"), update("c", "d")) is READ


def test_two_updates_that_undo_each_other_are_read_in_either_order() -> None:
    assert decision(update("a", "b"), update("b", "a")) is READ
    assert decision(update("b", "a"), update("a", "b")) is READ


def test_an_identical_payload_seen_twice_in_a_second_is_read() -> None:
    """There may have been a way back between the two."""
    assert decision(update("a", "b", id="evt_1"), update("a", "b", id="evt_2")) is READ


def test_a_new_key_of_a_hash_is_put_back_as_absent() -> None:
    before, after = {"id": "cus_1", "metadata": {"a": "1"}}, {"id": "cus_1", "metadata": {"a": "1", "b": "2"}}
    assert digest(put_back(after, {"metadata": {"b": None}})) == digest(before)


def test_a_hash_that_appeared_is_put_back_whole_and_an_array_too() -> None:
    after = {"pause_collection": {"behavior": "void"}, "lines": [1, 2]}
    assert put_back(after, {"pause_collection": None, "lines": [1]}) == {"pause_collection": None, "lines": [1]}


def test_a_creation_precedes_and_a_deletion_follows_everything_of_its_second() -> None:
    created = event(customer("a"), 100, "customer.created")
    deleted = event(customer("b"), 100, "customer.deleted")
    assert decision(update("a", "b"), created) is SKIP
    assert decision(update("b", "c"), created) is SKIP
    assert decision(created, update("b", "c")) is APPLY
    assert decision(update("b", "c"), deleted) is APPLY
    assert decision(deleted, update("b", "c")) is SKIP
    assert decision(deleted, update("b", "c", second=101)) is SKIP


@pytest.mark.parametrize(
    ("earlier", "later"), [("draft", "open"), ("open", "paid"), ("open", "uncollectible"), ("uncollectible", "paid")]
)
def test_in_one_second_the_later_status_of_an_invoice_is_the_later_state(earlier: str, later: str) -> None:
    before = event(invoice(earlier), 100, "invoice.updated")
    after = event(invoice(later), 100, "invoice.payment_succeeded")
    assert decision(before, after) is APPLY
    assert decision(after, before) is SKIP


def test_a_final_status_binds_the_status_alone() -> None:
    paid = event(invoice("paid", number="1"), 100, "invoice.paid")
    renamed = event(invoice("paid", number="2"), 101, "invoice.updated", {"number": "1"})
    assert decision(paid, renamed) is APPLY


def test_an_event_whose_second_and_whose_status_contradict_each_other_is_read() -> None:
    paid = event(invoice("paid"), 100, "invoice.paid")
    assert decision(paid, event(invoice("open"), 101, "invoice.updated")) is READ
    assert decision(event(invoice("open"), 101, "invoice.updated"), paid) is READ


def test_an_answer_that_is_further_and_yet_dated_before_is_written_down_and_checked() -> None:
    opened = event(invoice("open"), 101, "invoice.finalized")
    assert decision(opened, answer(invoice("paid"), 100, 100)) is TRUST
    assert decision(opened, answer(invoice("draft"), 100, 100)) is SKIP


def test_events_without_earlier_state_are_ranked_by_what_happens_first() -> None:
    finalized = event(invoice("open"), 100, "invoice.finalized")
    failed = event(invoice("open", attempt_count=1), 100, "invoice.payment_failed")
    assert decision(finalized, failed) is APPLY
    assert decision(failed, finalized) is SKIP


def test_events_that_can_come_in_either_order_are_read() -> None:
    intent = {"id": "seti_1", "object": "setup_intent"}
    asked = event({**intent, "status": "requires_action"}, 100, "setup_intent.requires_action")
    failed = event({**intent, "status": "requires_payment_method"}, 100, "setup_intent.setup_failed")
    assert decision(asked, failed) is READ
    assert decision(failed, asked) is READ


def test_two_types_of_event_with_the_same_snapshot_need_no_reading() -> None:
    paid = event(invoice("paid"), 100, "invoice.paid")
    assert decision(paid, event(invoice("paid"), 100, "invoice.payment_succeeded")) is SKIP
    assert decision(paid, event(invoice("paid"), 100, "invoice.updated", {"status": "open"})) is SKIP


def test_an_update_that_fills_a_gap_in_the_stored_chain_needs_no_reading() -> None:
    drafted = event(invoice("draft"), 100, "invoice.created")
    paid = event(invoice("paid"), 100, "invoice.paid")
    updated = event(invoice("paid"), 100, "invoice.updated", {"status": "open"})
    assert decision(drafted, paid, updated) is SKIP
    assert decision(drafted, paid, event(invoice("paid"), 100, "invoice.updated", {"status": "draft"})) is SKIP


def test_an_answer_later_than_what_is_stored_replaces_it_and_an_earlier_one_does_not() -> None:
    assert decision(update("a", "b", 100), answer(customer("c"), 101, 103)) is APPLY
    assert decision(update("a", "b", 100), answer(customer("c"), 97, 99)) is SKIP


def test_an_answer_within_the_stored_second_is_trusted_and_read_again() -> None:
    assert decision(update("a", "b", 100), answer(customer("c"), 99, 101)) is TRUST
    assert decision(update("a", "b", 100), answer(customer("b"), 99, 101)) is SKIP


def test_an_answer_on_top_of_a_creation_needs_no_second_look() -> None:
    assert decision(event(customer("a"), 100, "customer.created"), answer(customer("b"), 99, 101)) is APPLY


def test_an_event_within_the_window_of_an_answer_is_a_tie() -> None:
    stored = answer(customer("b"), 100, 103)
    assert decision(stored, update("b", "c", 101)) is APPLY
    assert decision(stored, update("a", "b", 103)) is SKIP
    assert decision(stored, update("x", "y", 102)) is READ
    assert decision(stored, update("x", "y", 104)) is APPLY
    assert decision(stored, update("x", "y", 99)) is SKIP


def test_an_older_answer_does_not_take_back_a_status() -> None:
    paid = event(invoice("paid"), 100, "invoice.paid")
    assert decision(paid, answer(invoice("open"), 99, 101)) is SKIP


def test_an_answer_that_is_trusted_does_not_make_us_forget_the_states_before_it() -> None:
    """a, b, and a again in one second: the first step may not follow the last."""
    first, back = update("a", "b", id="evt_1"), update("b", "a", id="evt_2")
    assert decision(back, answer(customer("b"), 100, 100), answer(customer("a"), 100, 100), first) is READ


def test_a_doubt_outlives_what_comes_in_the_same_seconds_and_ends_with_a_later_one() -> None:
    doubted = after(update("t", "e"), answer(customer("s"), 99, 101))
    assert doubted.doubted
    assert store(update("s", "u", 101), doubted).doubted
    assert store(answer(customer("e"), 101, 101), doubted).doubted
    assert not store(answer(customer("e"), 102, 102), doubted).doubted
    assert not store(update("e", "f", 102), doubted).doubted


def test_what_follows_within_a_window_does_not_narrow_it() -> None:
    """a to b in second 100, b to c and c to a in 101, of which the middle one comes last."""
    known = after(answer(customer("a"), 100, 102), update("c", "a", 101, id="evt_3"), update("a", "b", 100, id="evt_1"))
    assert (known.known_from, known.known_until) == (100, 102)
    assert decide(known, update("b", "c", 101, id="evt_2")).decision is READ


def test_an_answer_on_top_of_a_creation_that_something_led_back_to_is_read_again() -> None:
    created, back = event(customer("a"), 100, "customer.created"), update("b", "a", id="evt_2")
    assert decision(created, back, answer(customer("b"), 100, 100)) is TRUST


def test_an_event_in_another_version_says_nothing_once_a_later_second_is_known() -> None:
    assert decide_hint(None, 100) is READ
    assert decide_hint(after(update("a", "b", 100)), 100) is READ
    assert decide_hint(after(update("a", "b", 101)), 100) is SKIP
    assert decide_hint(after(answer(customer("a"), 100, 102)), 100) is READ
    assert decide_hint(after(event(customer("a"), 99, "customer.deleted")), 100) is SKIP
