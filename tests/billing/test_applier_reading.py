"""The applier asks Stripe only where nothing else tells."""

from datetime import UTC, datetime

from sqlmodel import select, update

from billing.applier import apply_due
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import (
    Customer,
    EventStatus,
    Price,
    Product,
    StripeEvent,
    StripeObject,
)
from tests.billing import stripe_objects
from tests.billing.applying import LATER, a_product, a_product_at_stripe, events_of, name_of, put, soon, statuses
from tests.billing.stripe_events import an_event
from tests.running_sandbox import RunningSandbox, until


async def test_events_that_cannot_be_put_in_order_wait_and_are_settled_by_one_read(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    events = [
        an_event("product.updated", {**product, "name": name}, product["created"], previous={"name": before})
        for before, name in (("a", "b"), ("c", "d"), ("e", "f"))
    ]
    await put(runtime, *events)
    during = datetime.fromtimestamp(product["created"], UTC)
    async with runtime.database.transaction() as session:
        await session.exec(update(StripeEvent).values(due_at=during))
    await apply_due(runtime, now=during)
    assert sorted((await statuses(runtime)).values()) == ["APPLIED", "RECEIVED", "RECEIVED"]
    for _ in until(10):
        await apply_due(runtime, now=soon(runtime))
        if set((await statuses(runtime)).values()) == {EventStatus.APPLIED}:
            break
    assert await name_of(runtime, product["id"]) == "truth"
    reads = [event for event in await events_of(runtime) if event.error]
    assert reads == []


async def test_a_second_that_is_not_over_by_stripes_own_clock_is_waited_for(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    ahead = product["created"] + 60
    events = [
        an_event("product.updated", {**product, "name": name}, ahead, previous={"name": before})
        for before, name in (("a", "b"), ("c", "d"))
    ]
    await put(runtime, *events)
    now = datetime.fromtimestamp(ahead, UTC) + LATER
    await apply_due(runtime, now=now)
    assert await name_of(runtime, product["id"]) == "b"
    waiting = (await events_of(runtime))[1]
    assert (waiting.status, waiting.error) == (EventStatus.RECEIVED, "waits for its second to be over")
    assert waiting.due_at > now


async def test_an_event_in_another_version_only_makes_us_look(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "truth")
    hint = an_event("product.updated", {**product, "name": "old shape"}, 100, api_version="2020-08-27")
    await put(runtime, hint)
    await apply_due(runtime, now=soon(runtime))
    assert await name_of(runtime, product["id"]) == "truth"
    assert set((await statuses(runtime)).values()) == {EventStatus.APPLIED}


async def test_a_hint_about_what_stripe_no_longer_has_deletes_it_here(runtime: Runtime) -> None:
    await put(runtime, a_product(100, "gone", id="prod_gone"))
    await apply_due(runtime, now=soon(runtime))
    gone = an_event("product.deleted", stripe_objects.product("prod_gone"), 101, api_version="2020-08-27")
    await put(runtime, gone)
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert (await session.exec(select(Product.deleted_at))).one() is not None


async def test_an_unknown_parent_is_read_and_learned_first(runtime: Runtime) -> None:
    product = await a_product_at_stripe(runtime, "parent")
    await put(runtime, an_event("price.created", stripe_objects.price("price_1", product["id"]), 100))
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert (await session.exec(select(Price.stripe_id))).all() == ["price_1"]
    assert await name_of(runtime, product["id"]) == "parent"


async def test_an_object_of_a_stranger_is_skipped_once_a_read_has_shown_it(runtime: Runtime) -> None:
    stranger = (await runtime.gateway.send(Request("post", "/v1/customers", {"email": "eve@example.com"}))).data
    for method in ("pm_1", "pm_2"):
        data = stripe_objects.payment_method(method, stranger["id"])
        await put(runtime, an_event("payment_method.attached", data, 100))
        await apply_due(runtime, now=soon(runtime))
    assert set((await statuses(runtime)).values()) == {EventStatus.SKIPPED}
    reasons = {event.error for event in await events_of(runtime)}
    assert reasons == {f"customer {stranger['id']} is not one of Assent's"}
    async with runtime.database.read() as session:
        assert (await session.exec(select(Customer))).all() == []
        assert "eve" not in str((await session.exec(select(StripeObject.data))).all())


async def test_an_object_whose_parent_stripe_does_not_know_is_skipped(runtime: Runtime) -> None:
    await put(runtime, an_event("price.created", stripe_objects.price("price_1", "prod_nowhere"), 100))
    await apply_due(runtime, now=soon(runtime))
    (event,) = await events_of(runtime)
    assert event.status == EventStatus.SKIPPED
    assert "prod_nowhere" in str(event.error)


async def test_lists_that_a_snapshot_cuts_are_read_to_their_end(runtime: Runtime) -> None:
    """With the sandbox's list of prices standing for a list of lines: what is paged is the list's own address."""
    product = await a_product_at_stripe(runtime)
    for cents in (100, 200, 300):
        params = {"product": product["id"], "currency": "usd", "unit_amount": cents}
        await runtime.gateway.send(Request("post", "/v1/prices", params))
    url = f"/v1/prices?product={product['id']}"
    cut = {**product, "features": {"object": "list", "data": [], "has_more": True, "url": url}}
    await put(runtime, an_event("product.updated", cut, 100))
    await apply_due(runtime, now=soon(runtime))
    async with runtime.database.read() as session:
        assert len((await session.exec(select(Price))).all()) == 3, "what was inside is learned too"
        stored = (await session.exec(select(StripeObject).where(StripeObject.type == "product"))).one()
        assert len(stored.data["features"]["data"]) == 3
        assert stored.data["features"]["has_more"] is False
