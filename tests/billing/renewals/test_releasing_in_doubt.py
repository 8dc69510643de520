"""A release of which Stripe's answer is lost for good: what it has finalized itself is paid, and nothing else is."""

from dataclasses import replace

from billing import stopping
from billing.errors import StripeUnavailable
from billing.stripe_gateway import Answer, Request, StripeGateway
from tests.billing.faults import refused, refusing
from tests.billing.life import Life
from tests.billing.renewals.test_releasing import crash_at, held, must_be_paid_once
from tests.billing.renewing import change, consent_again, holds, invoices, paid, statuses
from tests.sandbox_client import KEY


async def test_a_finalization_for_which_stripe_keeps_a_fault_leads_to_one_payment(life: Life) -> None:
    it = await held(life)
    client, lost = life.sandbox.client(), list[str]()

    def fault(request: Request) -> StripeUnavailable | None:
        if lost or not request.path.endswith("/finalize"):
            return None
        lost.append(request.path)
        client.raw_request("post", request.path, auto_advance=False)
        return StripeUnavailable(replayed=True)

    calls = await consent_again(it)
    async with refusing(life.runtime, life.sandbox, fault) as hindered:
        await stopping.carry_out(hindered, calls)
    assert lost
    assert await statuses(life.runtime) == ["paid", "open"]
    await life.catch_up()
    await life.sweep()
    await must_be_paid_once(life)


async def test_a_finalization_that_stripe_has_forgotten_a_day_later_leads_to_one_payment(life: Life) -> None:
    it = await held(life)
    await crash_at(life, it, "finalize", done=True)
    life.sandbox.advance(hours=25)
    await life.sweep()
    assert await statuses(life.runtime) == ["paid", "paid"]
    assert await paid(life.runtime) == 3000


async def test_what_stripe_refused_and_others_finalized_then_is_withdrawn(life: Life) -> None:
    it = await held(life)
    calls = await consent_again(it)
    async with refusing(life.runtime, life.sandbox, refused("post", "/v1/invoices/", "/finalize")) as hindered:
        await stopping.carry_out(hindered, calls)
    [_, draft] = await invoices(life.runtime)
    await change(life.runtime, f"/v1/invoices/{draft['id']}/finalize", {"auto_advance": False})
    for _ in range(2):
        life.sandbox.advance(minutes=6)
        await life.sweep()
    assert await statuses(life.runtime) == ["paid", "void"]
    assert await paid(life.runtime) == 1500


class ByHand(StripeGateway):
    """Stripe, after the merchant has turned the invoice into one that the customer pays by hand."""

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        answer = await super().send(request, idempotency_key=idempotency_key)
        if answer.data["object"] != "invoice":
            return answer
        return replace(answer, data={**answer.data, "collection_method": "send_invoice"})


async def test_an_invoice_that_the_customer_pays_by_hand_is_charged_to_no_method(life: Life) -> None:
    it = await held(life)
    gateway = ByHand(KEY, account=life.runtime.gateway.account, base=life.sandbox.base_url)
    await stopping.carry_out(replace(life.runtime, gateway=gateway), await consent_again(it))
    await gateway.close()
    assert await statuses(life.runtime) == ["paid", "open"]
    assert await paid(life.runtime) == 1500
    assert await holds(life.runtime) == []
