"""Detaching a payment method: once, for good, and a success however it came about."""

import pytest

from billing import operations, payment_methods
from billing.errors import StripeRejected, StripeUnavailable
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Operation, PaymentMethod
from tests.billing.conftest import MERCHANT
from tests.billing.faults import refused, refusing
from tests.billing.ready import every, ready
from tests.running_sandbox import RunningSandbox


async def is_detached(runtime: Runtime) -> bool:
    """As it is known here."""
    [method] = await every(runtime, PaymentMethod)
    return method.detached_at is not None


async def test_one_that_others_have_detached_is_detached(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    sandbox.client().v1.payment_methods.detach(it.method.stripe_id)
    await payment_methods.detach(runtime, MERCHANT, it.method.id)
    assert await is_detached(runtime)


async def test_one_for_whose_detaching_stripe_keeps_a_fault_is_detached(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, lost = await ready(runtime, sandbox), list[str]()

    def fault(request: Request) -> StripeUnavailable | None:
        if lost or not request.path.endswith("/detach"):
            return None
        lost.append(request.path)
        sandbox.client().v1.payment_methods.detach(it.method.stripe_id)
        return StripeUnavailable(replayed=True)

    async with refusing(runtime, sandbox, fault) as hindered:
        with pytest.raises(StripeUnavailable):
            await payment_methods.detach(hindered, MERCHANT, it.method.id)
    assert lost
    await operations.sweep(runtime, PROCEDURES)
    assert await is_detached(runtime)


async def test_one_that_stripe_does_not_let_go_stays(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await ready(runtime, sandbox)
    async with refusing(runtime, sandbox, refused("post", "/v1/payment_methods/", "/detach", status=400)) as hindered:
        with pytest.raises(StripeRejected, match="may not do this"):
            await payment_methods.detach(hindered, MERCHANT, it.method.id)
    assert not await is_detached(runtime)
    [operation] = [each for each in await every(runtime, Operation) if each.mutation == "detachPaymentMethod"]
    assert operation.status == "FAILED"
