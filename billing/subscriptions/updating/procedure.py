"""The steps of a change, in order."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from billing.operations import Next, Procedure
from billing.stripe_gateway import Answer, Request
from billing.subscriptions.updating import asking, outcome, sending
from billing.subscriptions.updating.model import is_done, look
from billing.tables import Operation


def _trace(operation: Operation) -> Request | None:
    """Whether the change was made shows on the subscription."""
    return look(operation).request if operation.step in ("change", "find") else None


def _is_over(operation: Operation, found: Answer) -> bool:
    return operation.step in ("change", "find") and is_done(operation, found.data)


async def _withdraw(session: AsyncSession, operation: Operation, found: Answer, now: datetime) -> Next | None:
    """Nothing has been changed, or it would be over; another method that is in place already stays."""
    await outcome.give_back_consent(session, operation, now)
    return None


UPDATE = Procedure(
    "updateSubscription",
    asking.begin,
    {
        "set": asking.record_set,
        "look": asking.record_look,
        "clear": asking.record_clear,
        "settings": asking.record_set,
        "quote": asking.record_quote,
        "coupon": asking.record_coupon,
        "quote_next": asking.record_next,
        "change": sending.record_changed,
        "find": sending.record_found,
        "settle": outcome.record_settled,
        "void": outcome.record_voided,
        "note": outcome.record_final,
        "final": outcome.record_final,
    },
    charges=frozenset({"look", "clear", "settings", "quote", "coupon", "quote_next", "change", "find"}),
    resume=sending.resume,
    trace=_trace,
    is_over=_is_over,
    withdraw=_withdraw,
    harmless=frozenset({"look", "quote", "coupon", "quote_next"}),
)
