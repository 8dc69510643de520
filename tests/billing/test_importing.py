"""The first import of an account: everybody and all that is theirs, once, whatever happens meanwhile."""

import weakref
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from billing import renewals
from billing.recovery import walking
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.tables import Customer, EventStatus, Invoice, Payment, PaymentMethod, Refund, StripeEvent, Subscription
from tests.billing.accounts import an_account, external_ids
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_consent
from tests.billing.life import Life
from tests.billing.ready import every
from tests.billing.recovering import Killed, counts, take_in, watch
from tests.billing.stripe_events import snapshot
from tests.comparing import differences


async def test_everybody_and_all_that_is_theirs_is_taken_in(life: Life) -> None:
    made = an_account(life)

    report = await take_in(life.runtime)

    assert await external_ids(life.runtime) == {each: each for each in made}
    assert len(await every(life.runtime, PaymentMethod)) == 3
    assert {(each.status, each.managed) for each in await every(life.runtime, Subscription)} == {("active", False)}
    assert [each.status for each in await every(life.runtime, Invoice)] == ["paid"] * 3
    assert [each.status for each in await every(life.runtime, Payment)] == ["succeeded"] * 3
    assert [each.amount for each in await every(life.runtime, Refund)] == [500]
    assert counts(report)["customer"] == {"added": 3}
    assert await differences(life.runtime) == []


async def test_a_second_time_changes_nothing(life: Life) -> None:
    an_account(life)
    await take_in(life.runtime)
    async with life.runtime.database.read() as session:
        before = await snapshot(session)

    report = await take_in(life.runtime)

    async with life.runtime.database.read() as session:
        assert await snapshot(session) == before
    assert counts(report) == {}


async def test_events_of_strangers_are_skipped_before_and_applied_after(life: Life) -> None:
    [stranger] = an_account(life, 1)
    await life.catch_up()
    assert await every(life.runtime, Customer) == []
    assert await every(life.runtime, Subscription) == []

    await take_in(life.runtime)
    assert await differences(life.runtime) == []
    life.sandbox.advance(seconds=5)
    life.sandbox.client().v1.customers.update(stranger, {"email": "new@example.com"})
    await life.catch_up()

    [customer] = await every(life.runtime, Customer)
    assert customer.email == "new@example.com"
    assert await differences(life.runtime) == []
    async with life.runtime.database.read() as session:
        latest = select(StripeEvent).where(StripeEvent.type == "customer.updated")
        event = (await session.exec(latest.order_by(col(StripeEvent.created_at).desc()))).first()
    assert event is not None
    assert event.status == EventStatus.APPLIED


async def test_what_happens_meanwhile_ends_as_at_stripe(life: Life) -> None:
    """While each page is at hand, everything changes and its events are applied, to strangers and to others."""
    made = an_account(life, 3)
    client, watched = life.sandbox.client(), watch(life)
    busy = False

    async def meanwhile(asked: dict[str, Any]) -> None:
        nonlocal busy
        if busy or asked["path"] == "/v1/events" or asked["path"].count("/") > 2:
            return
        busy = True
        for each in made:
            client.v1.customers.update(each, {"metadata": {"seen": asked["path"][4:]}})
            [subscription] = client.v1.subscriptions.list({"customer": each}).data
            client.v1.subscriptions.update(subscription.id, {"metadata": {"seen": asked["path"][4:]}})
        await life.catch_up()
        busy = False

    watched.after = meanwhile
    await take_in(life.runtime)
    watched.after = None
    await life.catch_up()

    assert len(await every(life.runtime, Subscription)) == 3
    assert await differences(life.runtime) == []


async def test_who_becomes_a_customer_during_the_import_is_taken_in_too(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "PAGE", 2)
    made = an_account(life, 4)
    watched = watch(life)

    def join(asked: dict[str, Any]) -> None:
        if asked["path"] == "/v1/customers" and len(made) < 9:
            made.append(life.sandbox.client().v1.customers.create({"email": "late@example.com"}).id)

    watched.before = join
    await take_in(life.runtime)
    assert set(await external_ids(life.runtime)) == set(made)


@pytest.mark.parametrize("call", [2, 4, 9, 12])
async def test_an_import_that_is_killed_goes_on_and_is_exact(
    life: Life, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    monkeypatch.setattr(walking, "PAGE", 2)
    an_account(life, 5)
    watched = watch(life)

    def die(asked: dict[str, Any]) -> None:
        if len(watched.asked) == call:
            raise Killed

    watched.before = die
    with pytest.raises(Killed):
        await take_in(life.runtime)
    watched.before = lambda asked: None
    report = await take_in(life.runtime)

    added = {kind: each["added"] for kind, each in counts(report).items()}
    wanted = dict.fromkeys(("customer", "payment_method", "subscription", "invoice", "payment_intent"), 5)
    assert added == {**wanted, "invoice_payment": 5, "refund": 1, "product": 1, "price": 1}
    assert await differences(life.runtime) == []


class Forgetful(StripeGateway):
    """The same Stripe, with a look at how many answers are kept."""

    def __init__(self, gateway: StripeGateway) -> None:
        self.account, self.country, self._gateway = gateway.account, gateway.country, gateway
        self._answers: list[weakref.ref[Answer]] = []
        self.most = 0

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        answer = await self._gateway.send(request, idempotency_key=idempotency_key)
        self._answers = [each for each in self._answers if each() is not None] + [weakref.ref(answer)]
        self.most = max(self.most, len(self._answers))
        return answer


async def test_pages_are_let_go_of(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "PAGE", 2)
    monkeypatch.setattr(walking, "AT_ONCE", 2)
    for number in range(24):
        life.sandbox.client().v1.customers.create({"email": f"c{number}@example.com"})
    gateway = Forgetful(life.runtime.gateway)
    life.runtime = replace(life.runtime, gateway=gateway)

    assert (await take_in(life.runtime)).seen == 24
    assert gateway.most <= 2 + walking.AT_ONCE


async def test_an_imported_subscription_is_left_alone_until_it_is_adopted(life: Life) -> None:
    [owner] = an_account(life, 1)
    await take_in(life.runtime)
    [subscription] = await every(life.runtime, Subscription)
    life.sandbox.advance_to(subscription.current_period_end + timedelta(hours=2))
    await life.catch_up()
    assert [each.status for each in await every(life.runtime, Invoice)] == ["paid", "paid"]

    [customer] = await every(life.runtime, Customer)
    consent = await a_consent(life.runtime, customer.id)
    with pytest.raises(Exception, match="saved"):
        await renewals.adopt(life.runtime, MERCHANT, subscription.id, consent_id=consent.id)
    assert customer.stripe_id == owner
