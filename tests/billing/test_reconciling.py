"""A reconciliation: what differs from Stripe is found, repaired by the rules of events, and reported."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from billing.errors import Conflict, InvalidInput
from billing.recovery import Outcome, reconciliation, walk, walking, walks
from billing.recovery.plans import RECONCILE
from billing.runtime import Runtime
from billing.tables import Customer, Invoice, PaymentMethod, Product, Refund, Sighting, StripeObject, Subscription
from tests.billing.life import Life
from tests.billing.ready import Ready, every
from tests.billing.recovering import Killed, apply_all, counts, reconcile, silent, walk_of, watch
from tests.billing.renewing import consent_and_release, holds, subscribed
from tests.billing.stripe_events import snapshot
from tests.comparing import differences


async def rows(runtime: Runtime) -> Any:
    async with runtime.database.read() as session:
        return await snapshot(session)


async def one(runtime: Runtime, table: Any, stripe_id: str) -> Any:
    async with runtime.database.read() as session:
        return (await session.exec(select(table).where(col(table.stripe_id) == stripe_id))).one()


def change_much(life: Life, it: Ready, owner: str) -> str:
    """Of each kind something, while nobody tells; the id of a product that is new."""
    client = life.sandbox.client()
    client.v1.customers.update(owner, {"email": "new@example.com"})
    [paid] = client.v1.payment_intents.list({"customer": owner}).data
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 500})
    [subscription] = client.v1.subscriptions.list({"customer": owner}).data
    client.v1.subscriptions.update(subscription.id, {"metadata": {"desk": "4"}})
    client.v1.payment_methods.attach("pm_card_visa", {"customer": owner})
    return str(client.v1.products.create({"name": "Unheard of"}).id)


async def owner_of(life: Life) -> str:
    [customer] = await every(life.runtime, Customer)
    return str(customer.stripe_id)


async def test_where_nothing_differs_nothing_is_written(life: Life) -> None:
    await subscribed(life)
    before = await rows(life.runtime)

    report = await reconcile(life.runtime)

    assert counts(report) == {}
    assert report.seen == report.count(Outcome.SAME) > 8
    assert await rows(life.runtime) == before
    assert await every(life.runtime, Sighting) == []


async def test_what_nobody_told_is_found_and_repaired(life: Life) -> None:
    it = await subscribed(life)
    product = change_much(life, it, await owner_of(life))
    life.sandbox.advance(seconds=5)

    report = await reconcile(life.runtime)

    found = counts(report)
    assert found["customer"] == {"differed": 1}
    assert report.kinds["customer"].fields == {"email": 1}
    assert found["subscription"] == {"differed": 1}
    assert found["refund"] == found["product"] == found["payment_method"] == {"added": 1}
    assert (await one(life.runtime, Product, product)).name == "Unheard of"
    assert [each.amount for each in await every(life.runtime, Refund)] == [500]
    await apply_all(life)
    assert await differences(life.runtime) == []
    assert counts(await reconcile(life.runtime)) == {}


async def test_a_dry_run_says_the_same_and_writes_nothing(life: Life) -> None:
    it = await subscribed(life)
    change_much(life, it, await owner_of(life))
    life.sandbox.advance(seconds=5)
    before = await rows(life.runtime)

    said = await reconcile(life.runtime, dry_run=True)

    assert await rows(life.runtime) == before
    assert counts(said) == counts(await reconcile(life.runtime))


async def test_what_stripe_no_longer_has_is_marked(life: Life) -> None:
    await subscribed(life)
    owner, client = await owner_of(life), life.sandbox.client()
    product = client.v1.products.create({"name": "Short-lived"})
    await life.catch_up()
    client.v1.products.delete(product.id)
    [method] = client.v1.payment_methods.list({"customer": owner}).data
    client.v1.payment_methods.detach(method.id)
    client.v1.customers.delete(owner)
    life.sandbox.advance(seconds=5)

    report = await reconcile(life.runtime)

    assert counts(report)["product"] == counts(report)["customer"] == {"gone": 1}
    assert (await one(life.runtime, Product, product.id)).deleted_at is not None
    assert (await one(life.runtime, Customer, owner)).deleted_at is not None
    assert (await one(life.runtime, PaymentMethod, method.id)).detached_at is not None
    assert counts(await reconcile(life.runtime)) == {}


async def test_a_draft_that_it_finds_is_held_and_a_covered_one_is_not(life: Life) -> None:
    it = await subscribed(life)
    items = life.sandbox.client().v1.invoice_items
    items.create({"customer": await owner_of(life), "amount": 5000, "currency": "usd"})
    [subscription] = await every(life.runtime, Subscription)
    life.sandbox.advance_to(subscription.current_period_end + timedelta(seconds=60))

    report = await reconcile(life.runtime, "invoice")

    [draft] = [each for each in await every(life.runtime, Invoice) if each.status == "draft"]
    assert counts(report) == {"invoice": {"added": 1}}
    assert [each.reason for each in await holds(life.runtime)] == ["CONSENT_SCOPE_EXCEEDED"]
    assert (await life.runtime.gateway.get(f"/v1/invoices/{draft.stripe_id}")).data["auto_advance"] is False
    await consent_and_release(it, "80.00")
    assert await holds(life.runtime) == []


async def test_what_comes_while_a_page_is_at_hand_wins(life: Life) -> None:
    """The page is older than the event that is applied before it is learned."""
    await subscribed(life)
    [subscription] = await every(life.runtime, Subscription)
    client, watched = life.sandbox.client(), watch(life)
    client.v1.subscriptions.update(subscription.stripe_id, {"metadata": {"desk": "4"}})

    async def meanwhile(asked: dict[str, Any]) -> None:
        if asked["path"] == "/v1/subscriptions":
            watched.after = None
            life.sandbox.advance(seconds=60)
            client.v1.subscriptions.update(subscription.stripe_id, {"metadata": {"desk": "5"}})
            await life.catch_up()

    watched.after = meanwhile
    report = await reconcile(life.runtime, "subscription")

    assert counts(report) == {}
    assert (await one(life.runtime, Subscription, subscription.stripe_id)).stripe_metadata == {"desk": "5"}
    assert await differences(life.runtime) == []


@pytest.mark.parametrize("page", [1, 2, 4, 6])
async def test_a_run_that_is_killed_goes_on_where_it_was_and_counts_nothing_twice(
    life: Life, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(walking, "PAGE", 2)
    watched = watch(life)
    for number in range(9):
        life.sandbox.client().v1.products.create({"name": f"Plan {number}"})

    def die(asked: dict[str, Any]) -> None:
        if len(watched.asked) == page:
            raise Killed

    watched.before = die
    with pytest.raises(Killed):
        await reconcile(life.runtime, "product", "price")
    watched.before = lambda asked: None
    report = await reconcile(life.runtime, "product", "price")

    assert counts(report) == {"product": {"added": 9}}
    assert report.seen == 9
    assert len(await every(life.runtime, Product)) == 9
    assert (await walk_of(life)).place == {}
    assert len(watched.asked) <= 9, "no page was asked for again but the one in the middle"


async def test_of_two_at_once_one_is_refused(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "LEASE", timedelta(seconds=2))
    async with life.runtime.database.transaction() as session:
        taken = await walks.take(session, RECONCILE, life.runtime.clock() + timedelta(seconds=20))
    assert taken is not None
    with pytest.raises(Conflict, match="only one reconcile runs at a time"):
        await reconcile(life.runtime)


async def test_an_unfinished_run_with_other_options_is_not_thrown_away(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "PAGE", 1)
    for number in range(3):
        life.sandbox.client().v1.products.create({"name": f"Plan {number}"})
    watched = watch(life)

    def die(asked: dict[str, Any]) -> None:
        if "starting_after" in asked:
            raise Killed

    watched.before = die
    with pytest.raises(Killed):
        await reconcile(life.runtime, "product")
    watched.before = lambda asked: None
    with pytest.raises(Conflict, match="other options: kinds product"):
        await reconcile(life.runtime, "product", dry_run=True)
    again = await walk(life.runtime, reconciliation(["product"], None, dry_run=True), silent, anew=True)
    assert (again.seen, again.count(Outcome.SAME)) == (3, 1)


async def test_only_what_was_made_since_then_is_walked(life: Life) -> None:
    client = life.sandbox.client()
    client.v1.products.create({"name": "Old"})
    since = life.sandbox.advance(days=3)
    new = client.v1.products.create({"name": "New"})

    report = await reconcile(life.runtime, "product", since=since - timedelta(hours=1))

    assert report.seen == 1
    assert [each.stripe_id for each in await every(life.runtime, Product)] == [new.id]


def test_a_kind_that_there_is_not_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidInput, match="--only invoces: there is no such kind; the kinds are customer, product"):
        reconciliation(["invoces"], None, dry_run=False)


async def test_what_belongs_to_nobody_whom_assent_knows_is_left_alone(life: Life) -> None:
    client = life.sandbox.client()
    stranger = client.v1.customers.create({"email": "stranger@example.com"})
    client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": stranger.id})
    await subscribed(life)

    report = await reconcile(life.runtime)

    assert counts(report)["customer"] == counts(report)["payment_intent"] == {"foreign": 1}
    assert counts(await reconcile(life.runtime)) == counts(report)
    stored = await every(life.runtime, StripeObject)
    assert "stranger" not in str([each.data for each in stored])
