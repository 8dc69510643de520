"""The lock under which an invoice, what pays it, and that payment are learned, one after the other.

Whether a charge is within the consent can be told only when all three are known. Each is applied by itself, at the same
time as the others, and none would see what the others have not committed: the last would not know that it is the last.
"""

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror.fields import nested
from billing.stripe_gateway import JSONObject
from billing.tables import InvoicePayment


async def hold_bill(session: AsyncSession, data: JSONObject) -> None:
    """Call it first in a transaction that applies news of `data`: before the customer's lock, and the mirror's.

    The payment's comes before the invoice's, everywhere. Operations do not take it: they judge what they do themselves.
    """
    if session.get_bind().dialect.name != "postgresql":
        return  # a transaction that writes is the only one
    match data.get("object"):
        case "payment_intent":
            await _hold(session, data["id"])
            paid = select(InvoicePayment.invoice_stripe_id).where(InvoicePayment.payment_intent_stripe_id == data["id"])
            for invoice in sorted((await session.exec(paid)).all()):
                await _hold(session, invoice)
        case "invoice_payment":
            await _hold(session, nested(data, "payment", "payment_intent"))
            await _hold(session, data.get("invoice"))
        case "invoice":
            await _hold(session, data["id"])


async def _hold(session: AsyncSession, stripe_id: str | None) -> None:
    if stripe_id is not None:
        await session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(stripe_id, 0))))
