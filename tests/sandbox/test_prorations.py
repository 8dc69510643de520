"""Prorations, worked out by hand. The weekly prices make parts of a period whole: a week is 604,800 seconds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.moving_sandbox import moving_sandbox
from tests.sandbox.billing import Shop, amounts, moment

MODES = ("flexible", "classic")


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)


@pytest.mark.parametrize("mode", MODES)
def test_an_upgrade_gives_the_rest_of_the_old_price_back_and_charges_that_of_the_new(shop: Shop, mode: str) -> None:
    tea, coffee = shop.price(1000), shop.price(2000, name="Coffee")
    begun = shop.subscribe(tea, billing_mode={"type": mode})
    item = begun["items"].data[0].id

    # A quarter of the week is over, three are left: 10.00 * 3/4 = 7.50 back, 20.00 * 3/4 = 15.00 more.
    changed = shop.change(begun, 0.25, items=[{"id": item, "price": coffee}])

    assert [(each.price.id, each.id) for each in changed["items"].data] == [(coffee, item)]
    assert changed.latest_invoice.id == begun.latest_invoice.id
    day = datetime.fromtimestamp(moment(begun, 0.25), UTC).strftime("%d %b %Y")
    assert shop.waiting(begun) == [
        (f"Unused time on Tea after {day}", -750),
        (f"Remaining time on Coffee after {day}", 1500),
    ]
    upcoming: Any = shop.client.v1.invoices.create_preview({"subscription": begun.id})
    assert (amounts(upcoming), upcoming.total) == ([2000, -750, 1500], 2750)


@pytest.mark.parametrize("mode", MODES)
def test_always_invoice_bills_the_difference_at_once(shop: Shop, mode: str) -> None:
    tea, coffee = shop.price(1000), shop.price(2000)
    begun = shop.subscribe(tea, billing_mode={"type": mode})
    wanted = {"items": [{"id": begun["items"].data[0].id, "price": coffee}], "proration_behavior": "always_invoice"}
    preview = shop.preview(begun, 0.25, **wanted)
    assert shop.client.v1.subscriptions.retrieve(begun.id)["items"].data[0].price.id == tea

    changed = shop.change(begun, 0.25, **wanted)

    invoice = changed.latest_invoice
    assert (amounts(invoice), invoice.amount_paid, invoice.billing_reason) == ([-750, 1500], 750, "subscription_update")
    assert (amounts(preview), preview.total, preview.amount_due) == ([-750, 1500], 750, 750)
    assert (changed.status, shop.waiting(begun)) == ("active", [])
    details = invoice.lines.data[0].parent.subscription_item_details
    assert (details.proration, details.subscription, details.subscription_item) == (
        True,
        begun.id,
        begun["items"].data[0].id,
    )
    credited = details.proration_details.credited_items
    assert (credited and credited.invoice_line_items) == (
        [begun.latest_invoice.lines.data[0].id] if mode == "flexible" else None
    )


@pytest.mark.parametrize("mode", MODES)
def test_a_downgrade_leaves_credit_for_the_next_invoice(shop: Shop, mode: str) -> None:
    tea, coffee = shop.price(1000), shop.price(2000)
    begun = shop.subscribe(coffee, billing_mode={"type": mode})

    # Half is left: 20.00 / 2 back, 10.00 / 2 more, so 5.00 of credit.
    items = [{"id": begun["items"].data[0].id, "price": tea}]
    changed = shop.change(begun, 0.5, items=items, proration_behavior="always_invoice")

    invoice = changed.latest_invoice
    assert (invoice.total, invoice.amount_due, invoice.status) == (-500, 0, "paid")
    assert (invoice.starting_balance, invoice.ending_balance) == (0, -500)
    assert shop.client.v1.customers.retrieve(begun.customer).balance == -500
    upcoming = shop.client.v1.invoices.create_preview({"subscription": begun.id})
    assert (upcoming.total, upcoming.starting_balance, upcoming.amount_due) == (1000, -500, 500)


@pytest.mark.parametrize("mode", MODES)
def test_quantities_are_prorated_as_a_whole(shop: Shop, mode: str) -> None:
    begun = shop.subscribe(items=[{"price": shop.price(333), "quantity": 3}], billing_mode={"type": mode})
    # A third of the week is left: 999 / 3 = 333 back; 5 * 333 = 1665, a third is 555.
    shop.change(begun, 2 / 3, items=[{"id": begun["items"].data[0].id, "quantity": 5}])
    assert [amount for _, amount in shop.waiting(begun)] == [-333, 555]


@pytest.mark.parametrize("mode", MODES)
def test_items_can_be_added_and_taken_away(shop: Shop, mode: str) -> None:
    begun = shop.subscribe(shop.price(1000), billing_mode={"type": mode})
    added = shop.change(begun, 0.75, items=[{"price": shop.price(400), "quantity": 2}])
    first, second = added["items"].data
    assert (second.current_period_start, second.current_period_end) == (
        first.current_period_start,
        first.current_period_end,
    )
    assert [amount for _, amount in shop.waiting(begun)] == [200]

    left = shop.change(begun, 0.75, items=[{"id": first.id, "deleted": True}])

    assert [each.id for each in left["items"].data] == [second.id]
    assert [amount for _, amount in shop.waiting(begun)] == [200, -250]
    with pytest.raises(stripe.InvalidRequestError, match="at least one item"):
        shop.change(begun, items=[{"id": second.id, "deleted": True}])


def test_without_prorations_flexible_credits_what_was_debited_and_classic_what_it_costs_now(shop: Shop) -> None:
    tea, coffee, water = shop.price(1000), shop.price(2000), shop.price(0)
    for mode, back in (("flexible", -500), ("classic", -1000)):
        begun = shop.subscribe(tea, billing_mode={"type": mode})
        item = begun["items"].data[0].id
        shop.change(begun, items=[{"id": item, "price": coffee}], proration_behavior="none")
        assert shop.waiting(begun) == []
        # Only 10.00 were ever debited for this week; the item costs 20.00 now.
        shop.change(begun, 0.5, items=[{"id": item, "price": water}])
        assert [amount for _, amount in shop.waiting(begun)] == [back]


def test_flexible_credits_every_debit_by_a_line_of_its_own(shop: Shop) -> None:
    tea, coffee, water = shop.price(1000), shop.price(2000), shop.price(0)
    for mode, back in (("flexible", [-250, -1000]), ("classic", [-1500])):
        begun = shop.subscribe(tea, billing_mode={"type": mode})
        item = begun["items"].data[0].id
        shop.change(begun, 0.5, items=[{"id": item, "price": coffee}])
        assert [amount for _, amount in shop.waiting(begun)] == [-500, 1000]
        # From a quarter on: the quarter until the half at 10.00, then the half at 20.00. Classic: 3/4 of 20.00.
        shop.change(begun, 0.25, items=[{"id": item, "price": water}])
        assert [amount for _, amount in shop.waiting(begun)][2:] == back


def test_an_amount_without_small_units_is_rounded_to_whole_yen(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1001, currency="jpy"))
    # 1001 / 2 = 500.5 goes away from zero, for the credit as for the debit: 4 * 1001 / 2 = 2002.
    shop.change(begun, 0.5, items=[{"id": begun["items"].data[0].id, "quantity": 4}])
    assert [amount for _, amount in shop.waiting(begun)] == [-501, 2002]


@pytest.mark.parametrize("mode", MODES)
def test_another_interval_begins_the_period_anew_and_is_billed_at_once(shop: Shop, mode: str) -> None:
    begun = shop.subscribe(shop.price(1000), billing_mode={"type": mode})
    items = [{"id": begun["items"].data[0].id, "price": shop.price(50000, "year")}]
    preview = shop.preview(begun, 0.25, items=items)

    changed = shop.change(begun, 0.25, items=items)

    (item,) = changed["items"].data
    assert sorted(amounts(changed.latest_invoice)) == sorted(amounts(preview)) == [-750, 50000]
    assert (changed.latest_invoice.amount_paid, preview.amount_due) == (49250, 49250)
    assert item.current_period_end - item.current_period_start >= 365 * 86400
    assert changed.billing_cycle_anchor == item.current_period_start


@pytest.mark.parametrize(("month", "days"), [(2, 28), (3, 31)])
def test_a_month_is_as_long_as_it_is(tmp_path: Path, month: int, days: int) -> None:
    with moving_sandbox(tmp_path) as sandbox:
        sandbox.advance_to(datetime(2027, month, 1, tzinfo=UTC))
        shop = Shop(sandbox.client())
        begun = shop.subscribe(shop.price(10000, "month"))
        (item,) = begun["items"].data
        assert item.current_period_end - item.current_period_start == days * 86400
        at = item.current_period_end - 86400
        wanted: Any = {"items": [{"id": item.id, "quantity": 2}], "proration_date": at}
        shop.client.v1.subscriptions.update(begun.id, wanted)
        # A day of 28 is 357.14, of 31 it is 322.58; twice that is 714.29 and 645.16.
        expected = {28: [-357, 714], 31: [-323, 645]}[days]
        assert [amount for _, amount in shop.waiting(begun)] == expected


def test_a_date_outside_of_the_period_is_refused(shop: Shop) -> None:
    begun = shop.subscribe(shop.price(1000))
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        shop.change(begun, 1.5, items=[{"id": begun["items"].data[0].id, "quantity": 2}])
    assert refusal.value.param == "proration_date"
