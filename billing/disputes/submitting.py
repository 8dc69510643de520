"""Sending the evidence: the agreement as a file, then everything at once. Stripe takes it once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing import errors, mirror, operations
from billing.callers import Caller
from billing.consents import receipt
from billing.consents.locking import hold_customer
from billing.disputes.evidence import compose
from billing.disputes.gathering import gather
from billing.disputes.reading import get, require_answerable
from billing.errors import StripeRejected
from billing.input import check_key, raise_problems
from billing.mirror.fields import nested
from billing.operations import Call, Finish, Next, Outcome, Procedure, Send, answered
from billing.runtime import Runtime
from billing.stripe_gateway import Request, Upload
from billing.tables import Dispute, Operation

# The field of Stripe's in which the agreement goes: "a relevant document or contract showing the customer's signature".
AGREEMENT = "customer_signature"


@dataclass(frozen=True)
class Preview:
    """What would be sent. The agreement is named as the file that it would be; `consent_id` tells which it is."""

    dispute_id: UUID
    evidence: dict[str, str]
    consent_id: UUID | None


async def preview(runtime: Runtime, caller: Caller, dispute_id: UUID | None) -> Preview:
    """Gathers it, and sends nothing. Raises NotFound."""
    async with runtime.database.read() as session:
        dispute = await get(session, caller, dispute_id)
        known = await gather(session, dispute)
    texts, consent = compose(known), known.agreement.consent.id if known.agreement else None
    return Preview(dispute.id, {**texts, AGREEMENT: _name(consent)} if consent else texts, consent)


def _name(consent_id: UUID) -> str:
    return f"agreement-{consent_id}.pdf"


async def submit(runtime: Runtime, caller: Caller, dispute_id: UUID | None, *, idempotency_key: str) -> UUID:
    """Sends it, for good.

    Raises InvalidInput, NotFound, InvalidTransition (it was sent before, the time is over, or nothing is asked for),
    IdempotencyMismatch, Conflict, StripeRejected, StripeUnavailable.
    """
    raise_problems(check_key(idempotency_key))
    async with runtime.database.read() as session:
        dispute = await get(session, caller, dispute_id)
    intent = {"dispute_id": str(dispute.id)}
    call = Call("submitDisputeEvidence", caller, idempotency_key, intent, dispute.customer_id)
    operation = await operations.run(runtime, SUBMIT, call)
    if error := operations.failure(operation):
        raise error
    return dispute.id


async def _begin(session: AsyncSession, operation: Operation, now: datetime) -> Next:
    await hold_customer(session, operation.customer_id)
    dispute = await get(session, Caller.assent(), UUID(operation.intent["dispute_id"]))
    operation.node_id, operation.subject = dispute.id, dispute.stripe_id
    require_answerable(dispute, now)
    known = await gather(session, dispute)
    if known.agreement is None:
        return await _send(session, operation, dispute, file=None)
    consent_id = known.agreement.consent.id
    # Kept with the request: a second upload would have to be the same file, whatever has been charged since.
    agreement = Upload(_name(consent_id), await receipt.render(session, consent_id, now))
    return Send("upload", Request("post", "/v1/files", {"purpose": "dispute_evidence"}, agreement))


async def _send(session: AsyncSession, operation: Operation, dispute: Dispute, *, file: str | None) -> Send:
    texts = compose(await gather(session, dispute))
    evidence = {**texts, AGREEMENT: file} if file else texts
    return Send("submit", Request("post", f"/v1/disputes/{dispute.stripe_id}", {"evidence": evidence, "submit": True}))


async def _record_upload(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """A lost answer leaves a second file at Stripe, which nothing refers to."""
    operation.result = {"file": answered(outcome).data["id"]}
    dispute = await session.get_one(Dispute, operation.node_id, populate_existing=True)
    return await _send(session, operation, dispute, file=operation.result["file"])


async def _record_submission(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    if isinstance(outcome, StripeRejected) and outcome.http_status in (400, 404):
        # Perhaps an earlier sending of ours, or somebody at Stripe's own dashboard, came before: the dispute tells.
        operation.result = {**operation.result, "refusal": outcome.dump()}
        return Send("look", Request("get", f"/v1/disputes/{operation.subject}", {}))
    await mirror.record(session, answered(outcome), now=now)
    return Finish()


async def _record_looked(session: AsyncSession, operation: Operation, outcome: Outcome, now: datetime) -> Next:
    """It is ours where the file is the one that we uploaded."""
    answer = answered(outcome)
    await mirror.record(session, answer, now=now)
    file = operation.result.get("file")
    submitted = bool(nested(answer.data, "evidence_details", "submission_count"))
    if submitted and file is not None and nested(answer.data, "evidence", AGREEMENT) == file:
        return Finish()
    return Finish(error=errors.load(operation.result["refusal"]))


SUBMIT = Procedure(
    "submitDisputeEvidence",
    _begin,
    {"upload": _record_upload, "submit": _record_submission, "look": _record_looked},
)
