"""Finding disputes, and whether one can still be answered."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.callers import Caller
from billing.errors import InvalidTransition, NotFound
from billing.tables import Dispute

# Stripe's statuses in which evidence can be sent: https://docs.stripe.com/api/disputes/object#dispute_object-status
ANSWERABLE = ("needs_response", "warning_needs_response")


async def get(session: AsyncSession, caller: Caller, dispute_id: UUID | None) -> Dispute:
    """The dispute. Raises NotFound."""
    found = await session.get(Dispute, dispute_id, populate_existing=True) if dispute_id else None
    if found is None or not caller.may_see(found.customer_id):
        raise NotFound("There is no such dispute.", ("input", "disputeId"))
    return found


def require_answerable(dispute: Dispute, now: datetime) -> None:
    """Raises InvalidTransition, with the reason, where no evidence can be sent any more."""
    reason = None
    if dispute.evidence_submitted_at is not None:
        reason = "Evidence has been submitted already, and Stripe takes it once."
    elif dispute.status not in ANSWERABLE:
        reason = f"This dispute cannot be answered; it is {dispute.status.replace('_', ' ')}."
    elif dispute.evidence_due_at is not None and dispute.evidence_due_at <= now:
        reason = f"The time to answer was over on {dispute.evidence_due_at:%d %B %Y, %H:%M:%S} UTC."
    if reason:
        raise InvalidTransition(reason, "dispute", dispute.id)
