"""A customer with everything but the subscription."""

from typing import Any
from uuid import UUID

from sqlmodel import select

from billing import subscriptions
from billing.callers import Caller
from billing.runtime import Runtime
from billing.subscriptions import Created, Item, NewSubscription
from billing.tables import Consent, PaymentMethod, Price
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, a_price, a_saved_method, unique
from tests.sandbox_client import SandboxClient


class Ready:
    """A customer with a consent, a saved method and a price: everything but the subscription."""

    def __init__(self, runtime: Runtime, customer: UUID, consent: Consent, method: PaymentMethod, price: Price) -> None:
        self.runtime, self.customer, self.consent, self.method, self.price = runtime, customer, consent, method, price

    async def subscribe(self, *, key: str | None = None, caller: Caller = MERCHANT, **changes: Any) -> Created:
        wanted = {
            "customer_id": self.customer,
            "items": [Item(self.price.id)],
            "payment_method_id": self.method.id,
            **changes,
        }
        return await subscriptions.create(
            self.runtime, caller, NewSubscription(**wanted), idempotency_key=key or unique("subscription")
        )

    async def at_stripe(self, what: str) -> list[dict[str, Any]]:
        params = {"status": "all"} if what == "subscriptions" else {}
        owner = (await self.runtime.gateway.get(f"/v1/payment_methods/{self.method.stripe_id}")).data["customer"]
        return await self.runtime.gateway.list_all(f"/v1/{what}", customer=owner, **params)


async def ready(
    runtime: Runtime, sandbox: SandboxClient, *, card: str | None = None, dollars: int = 15, **scope: Any
) -> Ready:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer, **scope)
    method = await a_saved_method(runtime, sandbox, customer, consent.id, card=card)
    return Ready(runtime, customer, consent, method, await a_price(runtime, dollars))


async def every(runtime: Runtime, table: Any) -> list[Any]:
    async with runtime.database.read() as session:
        return list((await session.exec(select(table))).all())
