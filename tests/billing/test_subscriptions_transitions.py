"""Every change of a subscription's life in every status: what is illegal calls nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from billing import subscriptions
from billing.database import Database
from billing.errors import ConsentRequired, ConsentScopeExceeded, InvalidTransition, StripeUnavailable
from billing.runtime import Runtime
from billing.stripe_gateway import Request, StripeGateway
from billing.subscriptions import CancellationTiming
from billing.tables import Subscription
from tests import factories as make
from tests.billing.conftest import MERCHANT
from tests.billing.consent_rows import NOW, grant, make_customer, make_price, make_subscription, publish
from tests.billing.faults import FaultyGateway
from tests.billing.journey import unique

STATUSES = "incomplete incomplete_expired trialing active past_due unpaid paused canceled".split()
Change = Callable[[Runtime, UUID], Awaitable[Any]]


async def cancel_now(runtime: Runtime, wanted: UUID) -> None:
    await subscriptions.cancel(runtime, MERCHANT, wanted, timing=CancellationTiming.NOW, reason=None)


async def cancel_later(runtime: Runtime, wanted: UUID) -> None:
    await subscriptions.cancel(runtime, MERCHANT, wanted, timing=CancellationTiming.PERIOD_END, reason=None)


async def reactivate(runtime: Runtime, wanted: UUID) -> None:
    await subscriptions.reactivate(runtime, MERCHANT, wanted)


async def pause(runtime: Runtime, wanted: UUID) -> None:
    await subscriptions.pause(runtime, MERCHANT, wanted, resumes_at=None)


async def resume(runtime: Runtime, wanted: UUID) -> None:
    await subscriptions.resume(runtime, MERCHANT, wanted, idempotency_key=unique("key"))


# What each needs besides the status, so that it is not so already, and the statuses in which it may be asked for.
SCHEDULED: dict[str, Any] = {"cancel_at_period_end": True, "cancel_at": NOW + timedelta(days=9)}
COLLECTION: dict[str, Any] = {"paused_at": NOW, "pause_collection_only": True, "pause_behavior": "void"}
CHANGES: dict[Change, tuple[dict[str, Any], str]] = {
    cancel_now: ({}, "incomplete trialing active past_due unpaid paused"),
    cancel_later: ({}, "trialing active past_due unpaid"),
    reactivate: (SCHEDULED, "trialing active past_due unpaid paused"),
    pause: ({}, "trialing active past_due unpaid"),
    resume: (COLLECTION, "trialing active past_due unpaid paused"),
}
# Those that end in what is so already.
DONE = {(cancel_now, "canceled"), (cancel_now, "incomplete_expired")}


class Counting(FaultyGateway):
    """Nothing arrives, and what was on its way is kept."""

    def __init__(self) -> None:
        super().__init__("sk_test_0", account="acct_test", base="http://127.0.0.1:9")
        self.asked: list[Request] = []
        self.fault = self._note

    def _note(self, request: Request) -> StripeUnavailable:
        self.asked.append(request)
        return StripeUnavailable()


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    gateway = Counting()
    yield gateway
    await gateway.close()


def offline(database: Database, gateway: StripeGateway) -> Runtime:
    return Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: NOW)


async def a_subscription(database: Database, status: str, *, cents: int = 1500, **changes: Any) -> Subscription:
    async with database.transaction() as session:
        customer, price = await make_customer(session), await make_price(session, unit_amount=cents)
        consent = (await grant(session, customer, await publish(session))).consent
        method = await make.create_payment_method(session, customer)
        await make.create_setup_intent(
            session,
            customer,
            consent_id=consent.id,
            payment_method_stripe_id=method.stripe_id,
            status="succeeded",
        )
        changes = {"payment_method_stripe_id": method.stripe_id, **changes}
        period = {"current_period_start": NOW, "current_period_end": NOW + timedelta(days=30)}
        return await make_subscription(session, customer, consent, price, status=status, **{**period, **changes})


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_what_the_status_does_not_allow_calls_nothing(
    database: Database, counting: Counting, change: Change, status: str
) -> None:
    extra, legal = CHANGES[change]
    row = await a_subscription(database, status, **extra)
    runtime = offline(database, counting)
    if status in legal.split():
        with pytest.raises(StripeUnavailable):
            await change(runtime, row.id)
        assert len(counting.asked) == 1
        return
    if (change, status) not in DONE:
        with pytest.raises(InvalidTransition) as refused:
            await change(runtime, row.id)
        assert (refused.value.node, refused.value.node_id) == ("subscription", row.id)
    else:
        await change(runtime, row.id)
    assert counting.asked == []


@pytest.mark.parametrize(
    ("change", "extra"),
    [
        (cancel_later, {"cancel_at_period_end": True}),
        (cancel_later, {"cancel_at": NOW + timedelta(days=30)}),
        (reactivate, {}),
        (pause, COLLECTION),
        (resume, {}),
    ],
    ids=["cancel_later", "cancel_later_by_its_date", "reactivate", "pause", "resume"],
)
async def test_what_is_so_already_is_a_success_that_calls_nothing(
    database: Database, counting: Counting, change: Change, extra: Any
) -> None:
    row = await a_subscription(database, "active", **extra)
    await change(offline(database, counting), row.id)
    assert counting.asked == []


async def test_another_time_of_resuming_is_another_wish(database: Database, counting: Counting) -> None:
    row = await a_subscription(database, "active", **COLLECTION)
    runtime = offline(database, counting)
    with pytest.raises(StripeUnavailable):
        await subscriptions.pause(runtime, MERCHANT, row.id, resumes_at=NOW + timedelta(days=2))
    [asked] = counting.asked
    assert asked.path == "/v1/invoices/create_preview", "what it will be charged then is asked first"


async def test_one_that_ends_later_than_its_period_can_be_made_to_end_with_it(
    database: Database, counting: Counting
) -> None:
    row = await a_subscription(database, "active", cancel_at=NOW + timedelta(days=31))
    with pytest.raises(StripeUnavailable):
        await cancel_later(offline(database, counting), row.id)
    assert [each.params for each in counting.asked] == [{"cancel_at_period_end": True}]


@pytest.mark.parametrize("change", [reactivate, resume], ids=["reactivate", "resume"])
async def test_what_goes_further_than_its_consent_is_not_charged_again(
    database: Database, counting: Counting, change: Change
) -> None:
    extra, _ = CHANGES[change]
    row = await a_subscription(database, "active", cents=4500, **extra)
    with pytest.raises(ConsentScopeExceeded) as exceeded:
        await change(offline(database, counting), row.id)
    assert (exceeded.value.consent_id, exceeded.value.required.maximum_amount) == (row.consent_id, 4500)
    assert counting.asked == []


@pytest.mark.parametrize("change", [reactivate, resume], ids=["reactivate", "resume"])
async def test_one_that_was_made_elsewhere_is_adopted_before_it_is_charged_again(
    database: Database, counting: Counting, change: Change
) -> None:
    extra, _ = CHANGES[change]
    row = await a_subscription(database, "active", consent_id=None, managed=False, **extra)
    with pytest.raises(ConsentRequired):
        await change(offline(database, counting), row.id)
    assert counting.asked == []
