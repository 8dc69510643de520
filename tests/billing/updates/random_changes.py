"""Random changes of one living subscription: what was previewed is what is billed, or the change is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from billing import catalogue
from billing.errors import BillingError
from billing.money import Money
from billing.subscriptions import Item, Updated
from billing.tables import Price
from tests.billing.changing import Subscribed, subscribed
from tests.billing.conftest import MERCHANT
from tests.billing.journey import unique
from tests.billing.life import Life

# Dollars of monthly prices, and of a yearly one.
MONTHLY, YEARLY = (1, 7, 15, 39), 120
SCOPE: dict[str, Any] = {"maximum": "180.00"}
COUPONS: Sequence[dict[str, Any]] = (
    {"duration": "once", "percent_off": 33},
    {"duration": "once", "amount_off": 450, "currency": "usd"},
    {"duration": "forever", "percent_off": 12.5},
    {"duration": "repeating", "duration_in_months": 2, "percent_off": 50},
)


@dataclass(frozen=True)
class Change:
    """After so many seconds, to these quantities of the monthly prices (0: not this one), or else to the yearly one."""

    wait: int
    quantities: tuple[int, int, int, int]
    coupon: int | None
    prorate: bool
    by_token: bool


changes = st.builds(
    Change,
    wait=st.integers(1, 12 * 24 * 3600),
    quantities=st.tuples(*(st.sampled_from([0, 0, 1, 2, 5]) for _ in MONTHLY)),
    coupon=st.none() | st.integers(0, len(COUPONS) - 1),
    prorate=st.booleans(),
    by_token=st.booleans(),
)


@dataclass
class World:
    """A subscription that changes, and everything that it can change to."""

    life: Life
    it: Subscribed
    monthly: list[Price]
    yearly: Price
    coupons: list[str]


async def a_world(life: Life) -> World:
    """With a consent that allows most of it, and not all."""
    it = await subscribed(life.runtime, life.sandbox, **SCOPE)
    made = [await _price(life, dollars, "month") for dollars in MONTHLY]
    client = life.sandbox.client()
    coupons = [client.v1.coupons.create(terms).id for terms in COUPONS]  # type: ignore[arg-type]
    return World(life, it, made, await _price(life, YEARLY, "year"), coupons)


async def _price(life: Life, dollars: int, unit: str) -> Price:
    runtime = life.runtime
    product = await catalogue.create_product(
        runtime, MERCHANT, name="Part", description=None, idempotency_key=unique("product")
    )
    made = await catalogue.create_price(
        runtime,
        MERCHANT,
        product_id=product,
        unit_amount=Money(dollars * 100, "USD"),
        interval=(unit, 1),
        lookup_key=None,
        self_service=False,
        idempotency_key=unique("price"),
    )
    async with runtime.database.read() as session:
        return await session.get_one(Price, made)


async def make(world: World, change: Change) -> str:
    """Previews the change, makes it, and compares; answers with how it ended."""
    await world.life.advance(seconds=change.wait)
    row = await world.it.row()
    if row.status != "active" or row.paused_at is not None:
        # Its last renewal was more than the consent allows, once a coupon was used up: held, as it should be.
        world.it = await subscribed(world.life.runtime, world.life.sandbox, **SCOPE)
        await world.life.catch_up()
    it = world.it
    wanted = [Item(price.id, many) for price, many in zip(world.monthly, change.quantities, strict=True) if many] or [
        Item(world.yearly.id)
    ]
    coupon = None if change.coupon is None else world.coupons[change.coupon]
    before = [each["id"] for each in await it.invoices()]
    preview = await it.preview(*wanted, coupon=coupon, prorate=change.prorate)
    token = preview.token if change.by_token else None
    try:
        updated = await it.update(*wanted, coupon=coupon, prorate=change.prorate, preview_token=token)
    except BillingError as refusal:
        updated = Updated(None, None, refusal)
    new = [each for each in await it.invoices() if each["id"] not in before]
    if updated.error is not None:
        assert not new, (change, updated.error)
        return type(updated.error).__name__
    figures = preview.figures
    if not change.by_token and not new:
        # Seconds passed between the two, so that it may have been too little to bill.
        assert figures.billed_now == 0
        return "nothing billed"
    assert sum(each["total"] for each in new) == figures.billed_now, (change, figures)
    assert sum(each["amount_paid"] for each in new) == max(figures.due_now, 0), (change, figures)
    return "billed as previewed" if new else "nothing billed"
