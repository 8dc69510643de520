"""The lives of Stripe's objects as the sandbox tells of them: real events, with what they say was there before."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from billing.database import Database
from billing.mirror import SUBSCRIBED_EVENTS
from billing.mirror.expanding import unexpanded
from billing.mirror.kinds import KINDS, address
from billing.mirror.news import Known, News
from billing.mirror.scrubbing import scrub_fields
from billing.money import Money
from billing.payments import NewRefund
from billing.payments import refund as give_back
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import PaymentMethod
from tests.billing.chargeable import chargeable
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent, a_customer, an_open_session, caught_up, unique
from tests.billing.life import Life
from tests.billing.ready import every, ready
from tests.billing.renewing import CARD, change
from tests.moving_sandbox import moving_sandbox
from tests.sandbox_client import KEY

JSONObject = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """All events of some objects, oldest first, and the objects as Stripe has them after all that."""

    events: tuple[JSONObject, ...]
    there: tuple[JSONObject, ...] = ()

    @property
    def objects(self) -> list[str]:
        """Their ids, in the order in which Stripe first told of them."""
        return list(dict.fromkeys(each["data"]["object"]["id"] for each in self.events))

    def of(self, stripe_id: str) -> tuple[News, ...]:
        """What is told of one object."""
        return tuple(news_of(each) for each in self.events if each["data"]["object"]["id"] == stripe_id)


def news_of(event: JSONObject) -> News:
    """As the mirror takes them."""
    told, second = event["data"], event["created"]
    data, previous = unexpanded(told["object"], KINDS), told.get("previous_attributes")
    previous = None if previous is None else unexpanded(previous, KINDS)
    if data["object"] == "mandate":
        data, previous = scrub_fields(data, "mandate"), previous and scrub_fields(previous, "mandate")
    return News.of(data, previous, Known(second, second, event["id"], event["type"], previous))


def within(news: Iterable[News], seconds: Iterable[int]) -> tuple[News, ...]:
    """The same, told in other seconds."""
    return tuple(
        replace(each, known=replace(each.known, known_from=second, known_until=second))
        for each, second in zip(news, seconds, strict=True)
    )


async def recorded(life: Life) -> Recorded:
    """Everything that was told of what is mirrored."""
    events = reversed(await life.runtime.gateway.list_all("/v1/events"))
    return Recorded(tuple(each for each in events if each["type"] in SUBSCRIBED_EVENTS))


async def a_setup(life: Life) -> None:
    """An Amazon Pay account is saved at the second try, made the default, and given up."""
    customer = await a_customer(life.runtime)
    opened = await an_open_session(life.runtime, customer, (await a_consent(life.runtime, customer)).id)
    life.sandbox.fail_amazon_pay(opened.stripe_id)
    life.sandbox.authorize_amazon_pay(opened.stripe_id)
    await caught_up(life.runtime, opened)
    [method] = [each.stripe_id for each in await every(life.runtime, PaymentMethod)]
    there = await change(life.runtime, f"/v1/payment_methods/{method}", {"metadata": {"desk": "4"}})
    path = f"/v1/customers/{there['customer']}"
    await change(life.runtime, path, {"invoice_settings": {"default_payment_method": method}})
    await change(life.runtime, path, {"name": "Ada", "metadata": {"desk": "4"}})
    await change(life.runtime, f"/v1/payment_methods/{method}/detach", {})


async def a_subscription(life: Life) -> None:
    """Two months with a pause and changes that are taken back; then it is canceled."""
    it = await ready(life.runtime, life.sandbox, card=CARD)
    await it.subscribe()
    [there] = await it.at_stripe("subscriptions")
    path = f"/v1/subscriptions/{there['id']}"
    for params in (
        {"metadata": {"desk": "4"}},
        {"pause_collection": {"behavior": "void"}},
        {"pause_collection": ""},
        {"cancel_at_period_end": True},
        {"cancel_at_period_end": False},
    ):
        await change(life.runtime, path, params)
    life.sandbox.advance(days=32)
    await change(life.runtime, path, {}, "delete")


async def an_invoice(life: Life) -> None:
    """A renewal that is declined twice, and then paid."""
    it = await ready(life.runtime, life.sandbox, card=CARD)
    await it.subscribe()
    life.sandbox.control("payments/fail_next", payment_method=it.method.stripe_id, times=2)
    life.sandbox.advance(days=31)
    life.sandbox.advance(days=14)


async def a_payment(life: Life) -> None:
    """Charged, in part refunded, which takes its time, disputed, and defended."""
    it = await chargeable(life.runtime, life.sandbox)
    charged = await it.charge()
    assert charged.payment_id is not None
    wish = NewRefund(charged.payment_id, Money(500, "USD"), "requested_by_customer")
    await give_back(life.runtime, MERCHANT, wish, idempotency_key=unique("refund"))
    [intent] = await it.at_stripe()
    [refund] = await life.runtime.gateway.list_all("/v1/refunds", payment_intent=intent["id"])
    life.sandbox.control("refunds/settle", refund=refund["id"])
    life.sandbox.control("disputes/open", payment_intent=intent["id"], reason="general")
    [dispute] = await life.runtime.gateway.list_all("/v1/disputes", payment_intent=intent["id"])
    evidence = {"evidence": {"uncategorized_text": "It was delivered."}}
    await change(life.runtime, f"/v1/disputes/{dispute['id']}", evidence)
    life.sandbox.control("disputes/win", dispute=dispute["id"])


LIVES = (a_setup, a_subscription, an_invoice, a_payment)


async def record_all(folder: Path, database_url: str) -> list[Recorded]:
    """Lives each of these with an Assent on this database, beside a sandbox in this folder."""
    database, told = Database(database_url), list[Recorded]()
    with moving_sandbox(folder) as sandbox:
        gateway = StripeGateway(KEY, account="acct_test", base=sandbox.base_url)
        life = Life(Runtime(database, gateway, allows_redirect=bool, clock=sandbox.now), sandbox)
        for make in LIVES:
            before = {each["id"] for each in (await recorded(life)).events}
            await make(life)
            events = tuple(each for each in (await recorded(life)).events if each["id"] not in before)
            told.append(replace(Recorded(events), there=await read_all(life, Recorded(events))))
        await gateway.close()
    await database.close()
    return told


async def read_all(life: Life, told: Recorded) -> tuple[JSONObject, ...]:
    """The objects as they are now."""
    types = {each["data"]["object"]["id"]: each["data"]["object"]["object"] for each in told.events}
    return tuple([(await life.runtime.gateway.get(address(id, type))).data for id, type in types.items()])
