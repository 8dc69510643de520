"""The life of a subscription: changes take effect at Stripe, one after the other, and never undo a stop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from billing import consents, mirror, operations, stopping, subscriptions
from billing.callers import Caller
from billing.errors import BillingError, ConsentRequired, InvalidInput, NotFound, StripeUnavailable
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.subscriptions import CancellationTiming
from billing.tables import Invoice, Payment, Subscription
from tests.billing.conftest import MERCHANT
from tests.billing.faults import FaultyGateway, refusing, unreachable
from tests.billing.journey import a_customer, unique
from tests.billing.ready import Ready, every, ready
from tests.billing.test_subscriptions import a_saved_with_challenge
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY


async def subscribed(runtime: Runtime, sandbox: RunningSandbox, **scope: Any) -> tuple[Ready, Subscription]:
    it = await ready(runtime, sandbox, **scope)
    await it.subscribe()
    return it, await the_one(runtime)


async def the_one(runtime: Runtime) -> Subscription:
    [found] = await every(runtime, Subscription)
    assert isinstance(found, Subscription)
    return found


async def revoked(it: Ready) -> None:
    """The consent is taken back, and everything that follows is done."""
    runtime, now = it.runtime, it.runtime.clock()
    async with runtime.database.transaction() as session:
        ended = await consents.revoke(session, MERCHANT, consent_id=it.consent.id, now=now)
        calls = await stopping.order(
            session, it.consent.id, stopped=ended.subscriptions, expired=ended.setup_sessions, now=now
        )
    await stopping.carry_out(runtime, calls)


async def test_a_cancellation_is_taken_back(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, row = await subscribed(runtime, sandbox)
    await subscriptions.cancel(runtime, MERCHANT, row.id, timing=CancellationTiming.PERIOD_END, reason=None)
    scheduled = await the_one(runtime)
    assert (scheduled.cancel_at_period_end, scheduled.cancel_at) == (True, scheduled.current_period_end)
    assert await subscriptions.reactivate(runtime, Caller("CUSTOMER", customer_id=it.customer), row.id) == row.id
    kept = await the_one(runtime)
    assert (kept.cancel_at_period_end, kept.cancel_at, kept.status) == (False, None, "active")
    [there] = await it.at_stripe("subscriptions")
    assert (there["cancel_at"], there["canceled_at"]) == (None, None)


async def test_a_cancellation_that_only_has_a_date_is_taken_back(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """As the customer portal leaves one in flexible mode."""
    it, row = await subscribed(runtime, sandbox)
    assert row.current_period_end is not None
    at = int(row.current_period_end.timestamp())
    await tell(it, sandbox.client().v1.subscriptions.update(row.stripe_id, {"cancel_at": at}).id)
    assert (await the_one(runtime)).cancel_at == row.current_period_end
    await subscriptions.reactivate(runtime, MERCHANT, row.id)
    assert (await the_one(runtime)).cancel_at is None


async def tell(it: Ready, subscription: str) -> None:
    """Learns of the subscription what somebody else did at Stripe."""
    answer = await it.runtime.gateway.get(f"/v1/subscriptions/{subscription}")
    async with it.runtime.database.transaction() as session:
        await mirror.record(session, answer, now=it.runtime.clock())


async def test_a_pause_voids_until_it_is_resumed(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, row = await subscribed(runtime, sandbox)
    until = (runtime.clock() + timedelta(days=40)).replace(microsecond=0)
    await subscriptions.pause(runtime, MERCHANT, row.id, resumes_at=until)
    paused = await the_one(runtime)
    assert (paused.status, paused.pause_collection_only, paused.pause_resumes_at) == ("active", True, until)
    [there] = await it.at_stripe("subscriptions")
    assert there["pause_collection"] == {"behavior": "void", "resumes_at": int(until.timestamp())}
    key = unique("key")
    resumed = await subscriptions.resume(runtime, MERCHANT, row.id, idempotency_key=key)
    assert resumed == await subscriptions.resume(runtime, MERCHANT, row.id, idempotency_key=key)
    assert (resumed.payment_id, resumed.error) == (None, None)
    [there] = await it.at_stripe("subscriptions")
    assert there["pause_collection"] is None
    assert (await the_one(runtime)).paused_at is None


async def test_a_pause_ends_in_the_future(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, row = await subscribed(runtime, sandbox)
    with pytest.raises(InvalidInput):
        await subscriptions.pause(runtime, MERCHANT, row.id, resumes_at=runtime.clock())


async def test_what_no_consent_covers_is_not_charged_again(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, row = await subscribed(runtime, sandbox)
    await subscriptions.cancel(runtime, MERCHANT, row.id, timing=CancellationTiming.PERIOD_END, reason=None)
    await revoked(it)
    asked: list[Request] = []
    async with refusing(runtime, sandbox, asked.append) as silent:
        with pytest.raises(ConsentRequired) as required:
            await subscriptions.reactivate(silent, MERCHANT, row.id)
        with pytest.raises(ConsentRequired):
            await subscriptions.resume(silent, MERCHANT, row.id, idempotency_key=unique("key"))
        later = runtime.clock() + timedelta(days=3)
        with pytest.raises(ConsentRequired):
            await subscriptions.pause(silent, MERCHANT, row.id, resumes_at=later)
    assert (asked, required.value.required.maximum_amount) == ([], 1500)
    [there] = await it.at_stripe("subscriptions")
    assert (there["cancel_at_period_end"], there["pause_collection"]["behavior"]) == (True, "keep_as_draft")


async def test_a_pause_and_a_stop_do_not_undo_each_other(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, row = await subscribed(runtime, sandbox)
    until = (runtime.clock() + timedelta(days=40)).replace(microsecond=0)
    await subscriptions.pause(runtime, MERCHANT, row.id, resumes_at=until)
    await revoked(it)
    [there] = await it.at_stripe("subscriptions")
    assert there["pause_collection"] == {"behavior": "void", "resumes_at": None}
    await subscriptions.pause(runtime, MERCHANT, row.id, resumes_at=None)
    with pytest.raises(ConsentRequired):
        await subscriptions.resume(runtime, MERCHANT, row.id, idempotency_key=unique("key"))


async def test_one_that_was_never_paid_leaves_nothing_to_pay(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    method = await a_saved_with_challenge(runtime, sandbox, it)
    created = await it.subscribe(payment_method_id=method.id)
    await subscriptions.cancel(runtime, MERCHANT, created.subscription_id, timing=CancellationTiming.NOW, reason=None)
    [subscription], [invoice] = await it.at_stripe("subscriptions"), await it.at_stripe("invoices")
    assert (subscription["status"] in ("canceled", "incomplete_expired"), invoice["status"]) == (True, "void")
    assert [each["status"] for each in await it.at_stripe("payment_intents")] == ["canceled"]
    [bill], [payment] = await every(runtime, Invoice), await every(runtime, Payment)
    assert (bill.status, payment.amount) == ("void", 1500)


@pytest.mark.parametrize("fault", ["never arrived", "answer lost"])
async def test_what_was_cut_off_is_finished_by_the_sweep(runtime: Runtime, sandbox: RunningSandbox, fault: str) -> None:
    """Nobody pays for these, so they are carried through."""
    _, row = await subscribed(runtime, sandbox)
    for wish, shows in (
        (lambda by: subscriptions.pause(by, MERCHANT, row.id, resumes_at=None), "void"),
        (lambda by: subscriptions.resume(by, MERCHANT, row.id, idempotency_key=unique("key")), None),
        (lambda by: cancel(by, row.id, CancellationTiming.PERIOD_END), True),
        (lambda by: subscriptions.reactivate(by, MERCHANT, row.id), False),
        (lambda by: cancel(by, row.id, CancellationTiming.NOW), "canceled"),
    ):
        async with cut_off(runtime, sandbox, fault) as broken:
            with pytest.raises(StripeUnavailable):
                await wish(broken)
        await operations.sweep(runtime, PROCEDURES)
        now = await the_one(runtime)
        assert shows in (now.pause_behavior, now.cancel_at_period_end, now.status)


async def cancel(runtime: Runtime, wanted: UUID, timing: CancellationTiming) -> None:
    await subscriptions.cancel(runtime, MERCHANT, wanted, timing=timing, reason=None)


@asynccontextmanager
async def cut_off(runtime: Runtime, sandbox: RunningSandbox, fault: str) -> AsyncIterator[Runtime]:
    if fault == "never arrived":
        async with refusing(runtime, sandbox, unreachable) as broken:
            yield broken
        return
    gateway = Forgetful(KEY, account=runtime.gateway.account, base=sandbox.base_url)
    yield replace(runtime, gateway=gateway)
    await gateway.close()


class Forgetful(StripeGateway):
    """What changes something arrives, and its answer is lost."""

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        answer = await super().send(request, idempotency_key=idempotency_key)
        if request.method != "get":
            raise StripeUnavailable
        return answer


async def test_a_foreign_subscription_is_unknown(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, row = await subscribed(runtime, sandbox)
    stranger = Caller("CUSTOMER", customer_id=await a_customer(runtime))
    with pytest.raises(NotFound):
        await subscriptions.reactivate(runtime, stranger, row.id)


class Watching(FaultyGateway):
    """Notes when each request that changes something begins and ends."""

    def __init__(self, base: str, account: str) -> None:
        super().__init__(KEY, account=account, base=base)
        self.under_way, self.most, self.count = 0, 0, 0

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        changes = request.method != "get"
        self.under_way += changes
        self.count += changes
        self.most = max(self.most, self.under_way)
        try:
            return await super().send(request, idempotency_key=idempotency_key)
        finally:
            self.under_way -= changes


async def test_changes_at_once_never_interleave(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, row = await subscribed(runtime, sandbox)
    gateway = Watching(sandbox.base_url, runtime.gateway.account)
    watched = Runtime(runtime.database, gateway, allows_redirect=lambda _: True, clock=runtime.clock)
    wishes: list[Callable[[], Any]] = [
        lambda: subscriptions.pause(watched, MERCHANT, row.id, resumes_at=None),
        lambda: subscriptions.resume(watched, MERCHANT, row.id, idempotency_key=unique("key")),
        lambda: subscriptions.cancel(watched, MERCHANT, row.id, timing=CancellationTiming.PERIOD_END, reason=None),
        lambda: subscriptions.reactivate(watched, MERCHANT, row.id),
    ]
    ended = await asyncio.gather(*(wish() for _ in range(4) for wish in wishes), return_exceptions=True)
    assert [each for each in ended if isinstance(each, BaseException)] == []
    await subscriptions.cancel(watched, MERCHANT, row.id, timing=CancellationTiming.NOW, reason=None)
    late = await asyncio.gather(*(wish() for wish in wishes), return_exceptions=True)
    assert all(isinstance(each, BillingError) for each in late)
    assert gateway.most == 1
    assert gateway.count > 1
    [there], mirrored = await it.at_stripe("subscriptions"), await the_one(runtime)
    assert (there["status"], mirrored.status) == ("canceled", "canceled")
    await gateway.close()
