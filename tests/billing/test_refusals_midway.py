"""What Stripe refuses, or does not hear, after something has begun: nothing is charged twice, lost, or left payable."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from billing import catalogue, consents, customers, mirror, operations, setup_sessions, stopping, subscriptions
from billing.callers import Caller
from billing.errors import ConsentRequired, InvalidTransition, StripeRejected, StripeUnavailable
from billing.operations import Call, running
from billing.operations.running import Overtaken
from billing.operations.taking import take
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request
from billing.subscriptions import CREATE, CancellationTiming
from billing.tables import Consent, Customer, Operation, SetupSession, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.faults import hours_later, kept_fault, refused, refusing, unreachable
from tests.billing.journey import a_consent, a_customer, a_wish, an_open_session, unique
from tests.billing.ready import Ready, every, ready
from tests.billing.test_subscriptions_crashes import stopped_before
from tests.running_sandbox import RunningSandbox


def on(runtime: Runtime, it: Ready) -> Ready:
    return Ready(runtime, it.customer, it.consent, it.method, it.price)


async def revoke(runtime: Runtime, consent: Consent) -> list[Call]:
    """Ends the consent and orders what has to stop."""
    now = runtime.clock()
    async with runtime.database.transaction() as session:
        ended = await consents.revoke(session, MERCHANT, consent_id=consent.id, now=now)
        return await stopping.order(
            session, consent.id, stopped=ended.subscriptions, expired=ended.setup_sessions, now=now
        )


async def statuses(it: Ready, what: str) -> list[str]:
    return [each["status"] for each in await it.at_stripe(what)]


@pytest.mark.parametrize(
    "step", [("get", "/v1/subscriptions/", ""), ("post", "/v1/invoices/", "/pay"), ("post", "/v1/invoices/create", "")]
)
async def test_a_refusal_after_the_creation_never_leads_to_a_second_subscription(
    runtime: Runtime, sandbox: RunningSandbox, step: tuple[str, str, str]
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, refused(*step)) as hindered:
        with suppress(StripeUnavailable):
            await on(hindered, it).subscribe(key=key)
    await it.subscribe(key=key)
    assert len(await it.at_stripe("subscriptions")) == 1
    assert len([each for each in await it.at_stripe("payment_intents") if each["status"] == "succeeded"]) <= 1


async def test_a_refused_withdrawal_is_not_called_done(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await ready(runtime, sandbox, card="4000000000000341"), unique("key")
    async with refusing(runtime, sandbox, refused("delete", "/v1/subscriptions/")) as hindered:
        with pytest.raises(StripeUnavailable):
            await on(hindered, it).subscribe(key=key)
    await operations.sweep(runtime, PROCEDURES)
    assert await statuses(it, "invoices") == ["void"]


async def test_what_a_revocation_ordered_is_done_however_late(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    opened = await an_open_session(runtime, it.customer, it.consent.id)
    calls = await revoke(runtime, it.consent)
    async with refusing(runtime, sandbox, unreachable) as hindered:
        await stopping.carry_out(hindered, calls)
    await operations.sweep(hours_later(runtime, 24), PROCEDURES)
    [subscription] = await it.at_stripe("subscriptions")
    page = (await runtime.gateway.get(f"/v1/checkout/sessions/{opened.stripe_id}")).data
    assert subscription["pause_collection"]["behavior"] == "keep_as_draft"
    assert page["status"] == "expired"


async def test_a_change_that_was_not_heard_is_made_however_late(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer = await a_customer(runtime)
    async with refusing(runtime, sandbox, unreachable) as hindered:
        with pytest.raises(StripeUnavailable):
            await customers.update(hindered, MERCHANT, customer, {"name": "Ada"})
    await operations.sweep(hours_later(runtime, 24), PROCEDURES)
    assert [each.name for each in await every(runtime, Customer)] == ["Ada"]


async def test_a_page_that_opens_while_its_consent_ends_is_closed(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer = await a_customer(runtime)
    consent = await a_consent(runtime, customer)
    call = Call("createSetupSession", MERCHANT, unique("key"), _intent(customer, consent), customer)
    operation = await take(runtime, setup_sessions.CREATE, call)
    outcome = await running.ask(runtime, setup_sessions.CREATE, operation)
    await stopping.carry_out(runtime, await revoke(runtime, consent))
    operation = await running.record(runtime, setup_sessions.CREATE, operation, outcome)
    operation = await running.drive(runtime, setup_sessions.CREATE, operation)
    assert isinstance(operations.failure(operation), ConsentRequired)
    assert [each.status for each in await every(runtime, SetupSession)] == ["expired"]


def _intent(customer: Any, consent: Consent) -> dict[str, Any]:
    wish = a_wish(customer, consent.id)
    return {
        "customer_id": str(customer),
        "consent_id": str(consent.id),
        "success_url": wish.success_url,
        "cancel_url": wish.cancel_url,
        "types": wish.types,
        "required": [],
        "currency": "USD",
        "subscription_id": None,
        "expires_in_minutes": None,
        "locale": None,
    }


async def test_a_subscription_that_was_canceled_elsewhere_before_it_was_paid_is_not_paid(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    await stopped_before(runtime, it, key, "pay")
    [row] = await every(runtime, Subscription)
    await record(runtime, await runtime.gateway.send(Request("delete", f"/v1/subscriptions/{row.stripe_id}", {})))
    created = await it.subscribe(key=key)
    assert isinstance(created.error, InvalidTransition)
    assert [each["amount_paid"] for each in await it.at_stripe("invoices")] == [0]


async def test_nobody_cancels_a_subscription_while_its_payment_is_being_sent(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "pay", held=True)
    [row] = await every(runtime, Subscription)
    canceling = asyncio.create_task(
        subscriptions.cancel(runtime, MERCHANT, row.id, timing=CancellationTiming.NOW, reason=None)
    )
    await asyncio.sleep(0)
    operation = await running.drive(runtime, CREATE, operation)
    await canceling
    assert operation.status == "SUCCEEDED"
    [subscription] = await it.at_stripe("subscriptions")
    [invoice] = await it.at_stripe("invoices")
    assert (subscription["status"], invoice["status"]) == ("canceled", "paid")
    assert invoice["status_transitions"]["paid_at"] <= subscription["canceled_at"]


async def record(runtime: Runtime, answer: Answer) -> None:
    async with runtime.database.transaction() as session:
        await mirror.record(session, answer, now=runtime.clock())


async def test_who_was_held_up_for_longer_than_the_lease_does_not_pay(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "pay")
    await revoke(runtime, it.consent)
    with pytest.raises(Overtaken):
        await running.ask(hours_later(runtime, 1), CREATE, operation)
    assert [each["amount_paid"] for each in await it.at_stripe("invoices")] == [0]


async def test_past_the_window_a_refused_search_sends_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    operation = await stopped_before(runtime, it, key, "create")
    await running.ask(runtime, CREATE, operation)
    later = hours_later(runtime, 24)
    async with refusing(later, sandbox, refused("get", "/v1/subscriptions")) as hindered:
        with pytest.raises(StripeUnavailable):
            await on(hindered, it).subscribe(key=key)
    await on(later, it).subscribe(key=key)
    assert len(await it.at_stripe("subscriptions")) == 1


async def test_the_same_key_has_the_same_answer_after_the_price_was_retired(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    first = await it.subscribe(key=key)
    await catalogue.update_price(runtime, MERCHANT, it.price.id, {"active": False})
    assert await it.subscribe(key=key) == first


async def test_what_stripe_no_longer_knows_is_deleted_here(runtime: Runtime, sandbox: RunningSandbox) -> None:
    customer = await a_customer(runtime)
    [row] = await every(runtime, Customer)
    await runtime.gateway.send(Request("delete", f"/v1/customers/{row.stripe_id}", {}))
    with pytest.raises(StripeRejected):
        await customers.update(runtime, MERCHANT, customer, {"name": "Ada"})
    [row] = await every(runtime, Customer)
    assert row.deleted_at is not None
    with pytest.raises(InvalidTransition):
        await customers.update(runtime, Caller("CUSTOMER", customer_id=customer), customer, {"name": "Ada"})
    assert {each.status for each in await every(runtime, Operation)} == {"SUCCEEDED", "RELEASED"}


async def test_a_stop_for_which_stripe_keeps_a_fault_is_ordered_again(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    calls = await revoke(runtime, it.consent)
    async with refusing(runtime, sandbox, kept_fault("/v1/subscriptions/")) as hindered:
        await stopping.carry_out(hindered, calls)
        assert (await it.at_stripe("subscriptions"))[0]["pause_collection"] is None
    await operations.sweep(runtime, PROCEDURES)
    assert (await it.at_stripe("subscriptions"))[0]["pause_collection"]["behavior"] == "keep_as_draft"


async def test_a_preview_for_which_stripe_keeps_a_fault_is_asked_anew(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await ready(runtime, sandbox), unique("key")
    async with refusing(runtime, sandbox, kept_fault("/v1/invoices/create_preview")) as hindered:
        with pytest.raises(StripeUnavailable):
            await on(hindered, it).subscribe(key=key)
    assert (await it.subscribe(key=key)).error is None
    assert len(await it.at_stripe("subscriptions")) == 1


async def test_what_is_gone_at_stripe_keeps_nobody_waiting(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    [row] = await every(runtime, Subscription)

    def gone(request: Request) -> StripeRejected | None:
        return StripeRejected("No such subscription.", 404) if request.path.endswith(row.stripe_id) else None

    async with refusing(runtime, sandbox, gone) as hindered:
        for _ in range(2):
            with pytest.raises(StripeRejected, match="No such subscription"):
                await subscriptions.cancel(hindered, MERCHANT, row.id, timing=CancellationTiming.NOW, reason=None)
    canceling = [each for each in await every(runtime, Operation) if each.mutation == "cancelSubscription"]
    assert {each.status for each in canceling} == {"RELEASED"}


async def test_no_stop_is_dropped_on_the_word_of_one_404(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    calls = await revoke(runtime, it.consent)
    async with refusing(runtime, sandbox, refused("post", "/v1/subscriptions/", status=404)) as hindered:
        await stopping.carry_out(hindered, calls)
    await operations.sweep(hours_later(runtime, 1), PROCEDURES)
    assert [each["pause_collection"]["behavior"] for each in await it.at_stripe("subscriptions")] == ["keep_as_draft"]
