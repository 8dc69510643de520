"""A customer with a subscription, and what is asked of it."""

from typing import Any
from uuid import UUID

from billing import operations, subscriptions
from billing.callers import Caller
from billing.operations import running
from billing.operations.taking import take
from billing.previews import Preview
from billing.runtime import Runtime
from billing.subscriptions import UPDATE, Item, NewSubscription, SubscriptionChange, Updated
from billing.tables import Operation, Price, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_price, unique
from tests.billing.ready import Ready, ready
from tests.sandbox_client import SandboxClient


class Subscribed:
    """A customer with a subscription to `ready.price`, and a dearer and a cheaper price."""

    def __init__(self, it: Ready, subscription_id: UUID, dearer: Price, cheaper: Price) -> None:
        self.ready, self.id, self.dearer, self.cheaper = it, subscription_id, dearer, cheaper

    @property
    def runtime(self) -> Runtime:
        return self.ready.runtime

    @runtime.setter
    def runtime(self, runtime: Runtime) -> None:
        self.ready.runtime = runtime

    async def preview(self, *prices: Price | Item, caller: Caller = MERCHANT, **changes: Any) -> Preview:
        """Of a change to these prices."""
        wanted = SubscriptionChange(**{"subscription_id": self.id, "items": items(prices), **changes})
        return await subscriptions.preview(self.runtime, caller, wanted)

    async def update(
        self, *prices: Price | Item, key: str | None = None, caller: Caller = MERCHANT, **changes: Any
    ) -> Updated:
        """A change to these prices, or, without any, of what else is named."""
        wanted = SubscriptionChange(**{"subscription_id": self.id, "items": items(prices) or None, **changes})
        return await subscriptions.update(self.runtime, caller, wanted, idempotency_key=key or unique("change"))

    async def row(self) -> Subscription:
        async with self.runtime.database.read() as session:
            return await session.get_one(Subscription, self.id)

    async def at_stripe(self) -> dict[str, Any]:
        return (await self.runtime.gateway.get(f"/v1/subscriptions/{(await self.row()).stripe_id}")).data

    async def billed(self) -> list[tuple[str, int]]:
        """Price and quantity of each item, at Stripe."""
        found = (await self.at_stripe())["items"]["data"]
        return sorted((each["price"]["id"], each["quantity"]) for each in found)

    async def invoices(self) -> list[dict[str, Any]]:
        """Newest first."""
        return await self.ready.at_stripe("invoices")

    async def charged(self) -> list[int]:
        """What has been paid, oldest first."""
        made = await self.ready.at_stripe("payment_intents")
        return [each["amount"] for each in reversed(made) if each["status"] == "succeeded"]


def items(prices: tuple[Price | Item, ...]) -> list[Item]:
    return [each if isinstance(each, Item) else Item(each.id) for each in prices]


async def subscribed(
    runtime: Runtime, sandbox: SandboxClient, *, subscribe: dict[str, Any] | None = None, **scope: Any
) -> Subscribed:
    """To 15 dollars a month, of at most 30; 25 and 5 are there too."""
    it = await ready(runtime, sandbox, **scope)
    created = await it.subscribe(**(subscribe or {}))
    assert created.error is None
    assert created.subscription_id is not None
    return Subscribed(it, created.subscription_id, await a_price(runtime, 25), await a_price(runtime, 5))


async def preview_new(it: Ready, caller: Caller = MERCHANT, **changes: Any) -> Preview:
    """Of a subscription to its price."""
    wanted = NewSubscription(**{"customer_id": it.customer, "items": [Item(it.price.id)], **changes})
    return await subscriptions.preview(it.runtime, caller, wanted)


async def stopped_before(
    it: Subscribed, key: str, step: str, *prices: Price | Item, sent: bool = False, **changes: Any
) -> Operation:
    """Drives a change up to the reservation of a step, `sent` or not, and leaves it as a killed process would."""
    wanted = SubscriptionChange(**{"subscription_id": it.id, "items": items(prices), **changes})
    call = operations.Call("updateSubscription", MERCHANT, key, wanted.intent(), it.ready.customer)
    operation = await take(it.runtime, UPDATE, call)
    while operation.step != step:
        outcome = await running.ask(it.runtime, UPDATE, operation)
        operation = await running.record(it.runtime, UPDATE, operation, outcome)
    if sent:
        await running.ask(it.runtime, UPDATE, operation)
    async with it.runtime.database.transaction() as session:
        kept = await session.get_one(Operation, operation.id)
        kept.due_at = it.runtime.clock()
        session.add(kept)
    return operation
