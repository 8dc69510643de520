"""Answering a dispute: once, whatever is lost on the way."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing import disputes, mirror, operations
from billing.consents import receipt
from billing.errors import IdempotencyMismatch, InvalidTransition, StripeRejected, StripeUnavailable
from billing.procedures import PROCEDURES
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Request, StripeGateway
from billing.tables import Dispute, Operation
from tests.billing.conftest import MERCHANT
from tests.billing.faults import Fault, kept_fault, refused, refusing, unreachable
from tests.billing.journey import unique
from tests.billing.ready import Ready, every, ready
from tests.running_sandbox import RunningSandbox
from tests.sandbox.paying import control
from tests.sandbox_client import KEY


async def disputed(runtime: Runtime, sandbox: RunningSandbox) -> tuple[Ready, Dispute]:
    """A subscription by Amazon Pay whose first payment the customer disputes."""
    it = await ready(runtime, sandbox)
    await it.subscribe()
    [intent] = await it.at_stripe("payment_intents")
    control(sandbox, "disputes/open", payment_intent=intent["id"], reason="general").raise_for_status()
    [opened] = await runtime.gateway.list_all("/v1/disputes", payment_intent=intent["id"])
    await learn(runtime, opened["id"])
    return it, await the_dispute(runtime)


async def learn(runtime: Runtime, stripe_id: str) -> None:
    answer = await runtime.gateway.get(f"/v1/disputes/{stripe_id}")
    async with runtime.database.transaction() as session:
        await mirror.record(session, answer, now=runtime.clock())


async def the_dispute(runtime: Runtime) -> Dispute:
    [found] = await every(runtime, Dispute)
    assert isinstance(found, Dispute)
    return found


async def at_stripe(runtime: Runtime, dispute: Dispute) -> dict[str, Any]:
    return (await runtime.gateway.get(f"/v1/disputes/{dispute.stripe_id}")).data


async def submit(runtime: Runtime, dispute: Dispute, key: str | None = None) -> None:
    assert await disputes.submit(runtime, MERCHANT, dispute.id, idempotency_key=key or unique("key")) == dispute.id


async def test_the_preview_gathers_and_sends_nothing(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, dispute = await disputed(runtime, sandbox)
    asked: list[Request] = []
    async with refusing(runtime, sandbox, asked.append) as silent:
        found = await disputes.preview(silent, MERCHANT, dispute.id)
    assert (asked, found.consent_id) == ([], it.consent.id)
    assert found.evidence["customer_email_address"] == "ada@example.com"
    assert found.evidence["customer_signature"] == f"agreement-{it.consent.id}.pdf"
    assert found.evidence["cancellation_rebuttal"].startswith("No cancellation had been asked for")
    assert "15.00 USD paid, for invoice" in found.evidence["uncategorized_text"]


async def test_what_was_previewed_is_sent_with_the_agreement(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it, dispute = await disputed(runtime, sandbox)
    shown = (await disputes.preview(runtime, MERCHANT, dispute.id)).evidence
    async with runtime.database.read() as session:
        document = await receipt.render(session, it.consent.id, runtime.clock())
    key = unique("key")
    await submit(runtime, dispute, key)
    there = await at_stripe(runtime, dispute)
    sent = {field: value for field, value in there["evidence"].items() if value}
    file = sent.pop("customer_signature")
    assert sent == {field: value for field, value in shown.items() if field != "customer_signature"}
    assert (there["status"], there["evidence_details"]["submission_count"]) == ("under_review", 1)
    uploaded = (await runtime.gateway.get(f"/v1/files/{file}")).data
    assert (uploaded["purpose"], uploaded["size"]) == ("dispute_evidence", len(document))
    assert uploaded["filename"] == f"agreement-{it.consent.id}.pdf"
    row = await the_dispute(runtime)
    assert row.status == "under_review"
    assert row.evidence_submitted_at is not None
    [operation] = [each for each in await every(runtime, Operation) if each.mutation == "submitDisputeEvidence"]
    assert operation.request is None
    asked: list[Request] = []
    async with refusing(runtime, sandbox, asked.append) as silent:
        await submit(silent, dispute, key)
        with pytest.raises(InvalidTransition):
            await submit(silent, dispute)
    assert asked == []


@pytest.mark.parametrize("keys", ["the same key", "keys of their own"])
async def test_ten_at_once_submit_once(runtime: Runtime, sandbox: RunningSandbox, keys: str) -> None:
    _, dispute = await disputed(runtime, sandbox)
    one = unique("key")
    wanted = [one if keys == "the same key" else unique("key") for _ in range(10)]
    ended = await asyncio.gather(*(submit(runtime, dispute, key) for key in wanted), return_exceptions=True)
    done = [each for each in ended if each is None]
    assert len(done) == (10 if keys == "the same key" else 1)
    assert all(each is None or isinstance(each, InvalidTransition) for each in ended)
    assert (await at_stripe(runtime, dispute))["evidence_details"]["submission_count"] == 1


class Losing(StripeGateway):
    """Every request arrives; the answers to the first ones of a path are lost. `bodies` are the files as sent."""

    def __init__(self, base: str, account: str, path: str) -> None:
        super().__init__(KEY, account=account, base=base)
        self.path, self.lost, self.bodies = path, 0, list[str]()

    async def send(self, request: Request, *, idempotency_key: str | None = None) -> Answer:
        answer = await super().send(request, idempotency_key=idempotency_key)
        if request.file:
            self.bodies.append(hashlib.sha256(request.file.content).hexdigest())
        if request.method == "post" and request.path.startswith(self.path) and self.lost < 2:
            self.lost += 1
            raise StripeUnavailable
        return answer


@pytest.mark.parametrize("path", ["/v1/files", "/v1/disputes"])
async def test_a_lost_answer_is_found_again_with_the_same_key(
    runtime: Runtime, sandbox: RunningSandbox, path: str
) -> None:
    _, dispute = await disputed(runtime, sandbox)
    gateway, key = Losing(sandbox.base_url, runtime.gateway.account, path), unique("key")
    for _ in range(2):
        with pytest.raises(StripeUnavailable):
            await submit(replace(runtime, gateway=gateway), dispute, key)
    await submit(replace(runtime, gateway=gateway), dispute, key)
    await gateway.close()
    assert len(set(gateway.bodies)) == 1
    there = await at_stripe(runtime, dispute)
    assert there["evidence_details"]["submission_count"] == 1
    mine = [
        each
        for each in await runtime.gateway.list_all("/v1/files")
        if each["id"] == there["evidence"]["customer_signature"]
    ]
    assert len(mine) == 1


@pytest.mark.parametrize(
    "broken_at",
    [lambda: kept_fault("/v1/files"), lambda: kept_fault("/v1/disputes"), lambda: unreachable],
    ids=["file", "dispute", "network"],
)
async def test_the_sweep_finishes_what_was_begun(
    runtime: Runtime, sandbox: RunningSandbox, broken_at: Callable[[], Fault]
) -> None:
    _, dispute = await disputed(runtime, sandbox)
    async with refusing(runtime, sandbox, broken_at()) as broken:
        with pytest.raises(StripeUnavailable):
            await submit(broken, dispute)
    await operations.sweep(runtime, PROCEDURES)
    assert (await at_stripe(runtime, dispute))["evidence_details"]["submission_count"] == 1
    assert (await the_dispute(runtime)).status == "under_review"


async def test_a_key_without_the_right_leaves_the_dispute_as_it_was(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, dispute = await disputed(runtime, sandbox)
    key = unique("key")
    async with refusing(runtime, sandbox, refused("post", "/v1/files")) as broken:
        with pytest.raises(StripeRejected):
            await submit(broken, dispute, key)
    await submit(runtime, dispute, key)


async def test_what_somebody_else_has_sent_is_not_sent_again(runtime: Runtime, sandbox: RunningSandbox) -> None:
    """At Stripe's own dashboard, and its event is not here yet."""
    _, dispute = await disputed(runtime, sandbox)
    sandbox.client().v1.disputes.update(dispute.stripe_id, {"evidence": {"uncategorized_text": "By hand."}})
    key = unique("key")
    for _ in range(2):
        with pytest.raises(StripeRejected):
            await submit(runtime, dispute, key)
    there = await at_stripe(runtime, dispute)
    assert (there["evidence"]["uncategorized_text"], there["evidence_details"]["submission_count"]) == ("By hand.", 1)
    assert (await the_dispute(runtime)).status == "under_review"


async def test_too_late_is_told_before_stripe_is_called(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, dispute = await disputed(runtime, sandbox)
    asked: list[Request] = []
    async with refusing(runtime, sandbox, asked.append) as silent:
        late = replace(silent, clock=lambda: runtime.clock() + timedelta(days=10))
        with pytest.raises(InvalidTransition) as refusal:
            await submit(late, dispute)
    assert (asked, refusal.value.node) == ([], "dispute")
    assert "The time to answer was over" in refusal.value.message


async def test_a_key_belongs_to_one_dispute(runtime: Runtime, sandbox: RunningSandbox) -> None:
    _, dispute = await disputed(runtime, sandbox)
    key = unique("key")
    await submit(runtime, dispute, key)
    it = await ready(runtime, sandbox)
    await it.subscribe()
    [intent] = await it.at_stripe("payment_intents")
    control(sandbox, "disputes/open", payment_intent=intent["id"], reason="general").raise_for_status()
    [opened] = await runtime.gateway.list_all("/v1/disputes", payment_intent=intent["id"])
    await learn(runtime, opened["id"])
    [other] = [each for each in await every(runtime, Dispute) if each.id != dispute.id]
    with pytest.raises(IdempotencyMismatch):
        await submit(runtime, other, key)
