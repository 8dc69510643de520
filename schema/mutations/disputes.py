"""Answering disputes."""

import strawberry

from billing import disputes
from schema.consents import Document, receipt_of
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, mutation, produced
from schema.nouns import Dispute
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import JSON


@described_input
class PreviewDisputeEvidenceInput:
    """Which dispute is to be answered."""

    dispute_id: strawberry.ID = strawberry.field(description="Which.")


@described
class PreviewDisputeEvidencePayload(Payload):
    """What there is to show."""

    dispute: Dispute | None = produced("As it is now.")
    evidence: JSON | None = produced("By the names of Stripe's fields; the agreement by the name of its file.")
    agreement: Document | None = produced("What the customer agreed to; null where the payment rests on no consent.")


@described_input
class SubmitDisputeEvidenceInput:
    """Which dispute is answered."""

    dispute_id: strawberry.ID = strawberry.field(description="Which.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class SubmitDisputeEvidencePayload(Payload):
    """What came of submitDisputeEvidence."""

    dispute: Dispute | None = produced("As it is now.")


@strawberry.type
class DisputeMutations:
    """What can be done about them."""

    @mutation(
        PreviewDisputeEvidencePayload,
        "What would be sent, gathered from the ledger, the terms, the invoices, the payments and the customer. "
        "It sends nothing.",
        errors="NotFound",
    )
    async def preview_dispute_evidence(
        self, info: Info, input: PreviewDisputeEvidenceInput
    ) -> PreviewDisputeEvidencePayload:
        found = await disputes.preview(
            info.context.runtime, acting(info), given_id(input.dispute_id, "dispute", "disputeId")
        )
        return PreviewDisputeEvidencePayload(
            dispute=reference(found.dispute_id),
            evidence=JSON(found.evidence),
            agreement=receipt_of(info.context, found.consent_id) if found.consent_id else None,
        )

    @mutation(
        SubmitDisputeEvidencePayload,
        "Sends the evidence, with the agreement as a PDF. Stripe takes it once.",
        errors="InvalidInput NotFound InvalidTransition IdempotencyMismatch Conflict StripeRejected StripeUnavailable",
    )
    async def submit_dispute_evidence(
        self, info: Info, input: SubmitDisputeEvidenceInput
    ) -> SubmitDisputeEvidencePayload:
        submitted = await disputes.submit(
            info.context.runtime,
            acting(info),
            given_id(input.dispute_id, "dispute", "disputeId"),
            idempotency_key=input.idempotency_key,
        )
        return SubmitDisputeEvidencePayload(dispute=reference(submitted))
