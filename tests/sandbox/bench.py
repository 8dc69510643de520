"""A sandbox in this process, spoken to without a socket, on a clock that the test moves."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sandbox.app import create_app
from sandbox.core import Sandbox
from sandbox.engine import moving
from sandbox.settings import Billing, Settings

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR


class Bench:
    """Requests, the events they cause, and time."""

    def __init__(self, folder: Path, record: Path, billing: Billing | None = None) -> None:
        settings = Settings(folder / "sandbox.db", "http://sandbox.test", record=record, billing=billing or Billing())
        self.sandbox = Sandbox(settings)
        self.clock = self.sandbox.clock
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(self.sandbox)),
            base_url="http://sandbox.test",
            headers={"Authorization": "Bearer sk_test_1"},
        )

    async def post(self, path: str, **body: Any) -> Any:
        return (await self.http.post(path, data=body)).json()

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.http.get(path, params=query)).json()

    async def delete(self, path: str) -> Any:
        return (await self.http.delete(path)).json()

    async def events(self) -> list[str]:
        """The types of everything that happened, oldest first."""
        return [event["type"] for event in (await self.get("/v1/events", limit=100))["data"]][::-1]

    async def news(self) -> list[str]:
        """The types of what happened since the last look."""
        events = await self.events()
        fresh = events[self._seen :]
        self._seen = len(events)
        return fresh

    async def close(self) -> None:
        """Give everything back."""
        await self.http.aclose()
        self.sandbox.database.close()

    _seen = 0

    def pass_time(self, seconds: float) -> None:
        """So many seconds pass, and what falls due happens."""
        moving.move(self.sandbox, self.clock.exact() + seconds)

    def pass_to(self, moment: int) -> None:
        """Time passes until this second."""
        moving.move(self.sandbox, moment)

    def start_at(self, day: str) -> None:
        """Begin at a day in the future, before anything exists."""
        self.pass_to(second(day))

    async def customer(self, kind: str = "pm_card_visa", **fields: Any) -> tuple[Any, Any]:
        """A customer and their attached card."""
        customer = await self.post("/v1/customers", **fields)
        return customer, await self.card(customer["id"], kind)

    async def card(self, customer: str, kind: str = "pm_card_visa") -> Any:
        """One more card of a customer."""
        return await self.post(f"/v1/payment_methods/{kind}/attach", customer=customer)

    async def subscribe(self, kind: str = "pm_card_visa", **changes: Any) -> Any:
        """A subscription to tea, at 9 dollars a month; a new customer's, if no other is named."""
        if "customer" not in changes:
            customer, method = await self.customer(kind)
            changes = {"customer": customer["id"], "default_payment_method": method["id"], **changes}
        wanted = {
            "items[0][price_data][currency]": "usd",
            "items[0][price_data][product]": (await self.post("/v1/products", name="Tea"))["id"],
            "items[0][price_data][recurring][interval]": "month",
            "items[0][price_data][unit_amount]": "900",
            **changes,
        }
        return await self.post("/v1/subscriptions", **{k: v for k, v in wanted.items() if v is not None})

    async def subscription(self, id: str) -> Any:
        """A subscription as it is now."""
        return await self.get(f"/v1/subscriptions/{id}")

    async def invoices(self, subscription: str) -> list[Any]:
        """The invoices of a subscription, oldest first."""
        found: list[Any] = (await self.get("/v1/invoices", subscription=subscription, limit=100))["data"]
        return found[::-1]

    async def last_invoice(self, subscription: str) -> Any:
        """Its latest invoice as it is now."""
        return (await self.invoices(subscription))[-1]


def second(day: str) -> int:
    """A day, or a moment, in UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def day(moment: int) -> str:
    """The day of a second, in UTC."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def period(subscription: Any) -> tuple[str, str]:
    """The days on which the current period of the first item begins and ends."""
    item = subscription["items"]["data"][0]
    return day(item["current_period_start"]), day(item["current_period_end"])
