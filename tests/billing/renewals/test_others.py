"""What others change or charge at Stripe: stopped before it is collected, else detected and shown."""

from dataclasses import replace
from typing import Any

from billing.applier import sweep_drafts
from billing.tables import Payment
from tests.billing.journey import a_price
from tests.billing.life import Life
from tests.billing.ready import Ready, every
from tests.billing.renewing import (
    change,
    consent_and_release,
    holds,
    invoices,
    paid,
    reasons,
    revoke_and_stop,
    statuses,
    subscribed,
    subscription_of,
    to_the_draft,
)


async def stops(life: Life) -> list[str]:
    return [each.reason for each in await holds(life.runtime) if each.invoice_stripe_id is None]


async def raise_price(life: Life, it: Ready, dollars: int = 40, **how: Any) -> None:
    """Somebody puts another price on it in the Dashboard."""
    [subscription] = await it.at_stripe("subscriptions")
    dearer = await a_price(life.runtime, dollars)
    items = [{"id": subscription["items"]["data"][0]["id"], "price": dearer.stripe_id}]
    how = {"proration_behavior": "none", **how}
    await change(life.runtime, f"/v1/subscriptions/{subscription['id']}", {"items": items, **how})
    await life.catch_up()


async def test_a_price_above_the_consent_stops_the_collection_at_once(life: Life) -> None:
    it = await subscribed(life)
    await raise_price(life, it)
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    [stop] = await holds(life.runtime)
    assert (stop.reason, stop.invoice_stripe_id) == ("CONSENT_SCOPE_EXCEEDED", None)
    assert stop.required is not None
    assert stop.required["maximum_amount"] == 4000
    await life.advance(days=40)
    assert await statuses(life.runtime) == ["paid", "draft"]
    assert await reasons(life.runtime) == ["CONSENT_SCOPE_EXCEEDED"]
    await consent_and_release(it, "40.00")
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await holds(life.runtime) == []


async def test_a_price_that_is_put_back_lets_it_go_on(life: Life) -> None:
    it = await subscribed(life)
    await raise_price(life, it)
    await raise_price(life, it, 20)
    await life.sweep()
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["pause_collection"] is None
    assert await holds(life.runtime) == []
    await life.advance(days=32)
    assert await paid(life.runtime) == 1500 + 2000


async def test_a_price_within_the_consent_stops_nothing(life: Life) -> None:
    it = await subscribed(life)
    await raise_price(life, it, 30)
    await life.advance(days=32)
    assert await paid(life.runtime) == 1500 + 3000
    assert await holds(life.runtime) == []


async def test_a_pause_that_others_lift_is_set_again(life: Life) -> None:
    it = await subscribed(life)
    await revoke_and_stop(it)
    path = f"/v1/subscriptions/{(await subscription_of(it)).stripe_id}"
    for _ in range(2):
        assert (await change(life.runtime, path, {"pause_collection": ""}))["pause_collection"] is None
        await life.catch_up()
        [subscription] = await it.at_stripe("subscriptions")
        assert subscription["pause_collection"]["behavior"] == "keep_as_draft"


async def test_a_hold_that_others_lift_is_set_again(life: Life) -> None:
    it = await subscribed(life)
    await revoke_and_stop(it)
    draft = await to_the_draft(life)
    for _ in range(2):
        await change(life.runtime, f"/v1/invoices/{draft['id']}", {"auto_advance": True})
        await life.catch_up()
        assert (await invoices(life.runtime))[-1]["auto_advance"] is False
    await life.advance(days=4)
    assert await paid(life.runtime) == 1500


async def test_a_charge_that_no_consent_covers_is_shown(life: Life) -> None:
    """Billed at once, by somebody else, before anybody here could know."""
    it = await subscribed(life)
    await raise_price(life, it, 90, proration_behavior="always_invoice")
    charged = await paid(life.runtime)
    assert charged > 1500 + 3000
    assert await reasons(life.runtime) == ["CHARGED_OUTSIDE_CONSENT"]
    assert await stops(life) == ["CONSENT_SCOPE_EXCEEDED"]
    await life.advance(days=40)
    assert await paid(life.runtime) == charged


async def test_a_month_that_is_used_up_holds_the_renewal(life: Life) -> None:
    """The renewal itself is within the consent; what somebody added to it is above the month's maximum."""
    it = await subscribed(life, monthly="16.00")
    [subscription] = await it.at_stripe("subscriptions")
    item = {"customer": subscription["customer"], "amount": 200, "currency": "usd", "subscription": subscription["id"]}
    await change(life.runtime, "/v1/invoiceitems", item)
    draft = await to_the_draft(life)
    assert (draft["amount_due"], draft["auto_advance"]) == (1700, False)
    [hold] = await holds(life.runtime)
    assert hold.reason == "CONSENT_SCOPE_EXCEEDED"
    assert hold.required is not None
    assert hold.required["monthly_maximum"] == 1700
    await life.advance(days=35)
    assert await statuses(life.runtime) == ["paid", "draft", "paid"], "the month after has room again"


async def test_a_method_of_another_kind_is_not_charged(life: Life) -> None:
    """Somebody lets it be charged to a card that no consent was given for."""
    it = await subscribed(life)
    [subscription] = await it.at_stripe("subscriptions")
    foreign = await change(
        life.runtime, "/v1/payment_methods/pm_card_visa/attach", {"customer": subscription["customer"]}
    )
    path = f"/v1/subscriptions/{subscription['id']}"
    await change(life.runtime, path, {"default_payment_method": foreign["id"]})
    await life.catch_up()
    await to_the_draft(life)
    assert await reasons(life.runtime) == ["PAYMENT_METHOD_UNUSABLE"]
    await life.advance(days=4)
    assert await paid(life.runtime) == 1500
    await change(life.runtime, path, {"default_payment_method": it.method.stripe_id})
    await life.catch_up()
    assert await paid(life.runtime) == 3000


async def test_a_subscription_that_ends_needs_nothing_any_more(life: Life) -> None:
    it = await subscribed(life)
    await revoke_and_stop(it)
    await life.advance(days=32)
    assert len(await holds(life.runtime)) == 2
    [subscription] = await it.at_stripe("subscriptions")
    await change(life.runtime, f"/v1/subscriptions/{subscription['id']}", {}, "delete")
    await life.catch_up()
    assert await holds(life.runtime) == []
    await life.advance(days=40)
    assert await paid(life.runtime) == 1500


async def paid_outside(life: Life) -> Ready:
    """Somebody adds to a draft what no consent covers, and collects it in the Dashboard at once."""
    it = await subscribed(life)
    draft = await to_the_draft(life)
    item = {"customer": draft["customer"], "invoice": draft["id"], "amount": 2000, "currency": "usd"}
    await change(life.runtime, "/v1/invoiceitems", item)
    await change(life.runtime, f"/v1/invoices/{draft['id']}/pay", {})
    return it


async def test_it_is_given_back_where_the_setting_says_so(life: Life) -> None:
    life.runtime = replace(life.runtime, refund_outside_consent=True)
    it = await paid_outside(life)
    await life.catch_up()
    await sweep_drafts(life.runtime)  # where the invoice and its payment were applied at once, it is left to this
    await life.catch_up()
    [refund] = await life.runtime.gateway.list_all("/v1/refunds")
    assert refund["amount"] == 3500
    await life.catch_up()
    await life.sweep()
    assert len(await life.runtime.gateway.list_all("/v1/refunds")) == 1
    assert await holds(life.runtime) == []
    assert it.consent.revoked_at is None


async def test_without_the_setting_it_is_shown_until_somebody_gives_it_back(life: Life) -> None:
    await paid_outside(life)
    await life.catch_up()
    await sweep_drafts(life.runtime)  # where the invoice and its payment were applied at once, it is left to this
    assert await reasons(life.runtime) == ["CHARGED_OUTSIDE_CONSENT"]
    assert await life.runtime.gateway.list_all("/v1/refunds") == []
    [_, charged] = await invoices(life.runtime)
    [payment] = [each for each in await every(life.runtime, Payment) if each.amount == 3500]
    for amount, left in ((500, ["CHARGED_OUTSIDE_CONSENT"]), (3000, [])):
        await change(life.runtime, "/v1/refunds", {"payment_intent": payment.stripe_id, "amount": amount})
        await life.catch_up()
        assert await reasons(life.runtime) == left
    assert charged["status"] == "paid"
