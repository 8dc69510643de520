"""The row of an invoice, and those of its lines."""

from datetime import datetime

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.mirror import payments
from billing.mirror.fields import instant, moment, nested
from billing.mirror.news import News
from billing.mirror.rows import find_row, new_row, save
from billing.stripe_gateway import JSONObject
from billing.tables import Customer, Invoice, InvoiceLine, InvoicePayment


async def derive(session: AsyncSession, news: News, owner: Customer | None, now: datetime) -> Invoice | None:
    """None where it has no customer."""
    if owner is None:
        return None
    row = await find_row(session, Invoice, news.id) or new_row(Invoice, news.id, news.created_at)
    row.customer_id = owner.id
    row = await save(session, row, **_columns(news.data))
    await _save_lines(session, row, news.data["lines"]["data"])
    await payments.attribute(session, invoice=news.id)
    return row


async def lacks_payment(session: AsyncSession, data: JSONObject) -> bool:
    """Whether the payment behind it has to be asked for: Stripe has tried in vain to collect it, or it is void.

    Events name that payment only once it is paid (`invoice_payment.paid` is the only one of its kind): not before, and
    not that it is canceled with its invoice.
    """
    known = select(InvoicePayment.id).where(InvoicePayment.invoice_stripe_id == data["id"]).limit(1)
    if data.get("status") == "void":
        return (await session.exec(known.where(InvoicePayment.status == "open"))).first() is not None
    tried = data.get("status") == "open" and data.get("attempted")
    return bool(tried) and (await session.exec(known)).first() is None


def _columns(data: JSONObject) -> dict[str, object]:
    return {
        "subscription_stripe_id": nested(data, "parent", "subscription_details", "subscription"),
        "number": data.get("number"),
        "status": data.get("status") or "draft",
        "billing_reason": data.get("billing_reason"),
        "currency": data["currency"].upper(),
        "subtotal": data["subtotal"],
        "tax": _tax(data),
        "total": data["total"],
        "amount_due": data["amount_due"],
        "amount_paid": data["amount_paid"],
        "attempt_count": data["attempt_count"],
        "next_payment_attempt_at": moment(data.get("next_payment_attempt")),
        "hosted_url": data.get("hosted_invoice_url"),
        "pdf_url": data.get("invoice_pdf"),
    }


def _tax(data: JSONObject) -> int | None:
    """From the totals, because the list of lines may be cut; null where no tax was worked out."""
    taxes = data.get("total_taxes")
    return sum(tax["amount"] for tax in taxes) if taxes else None


async def _save_lines(session: AsyncSession, invoice: Invoice, lines: list[JSONObject]) -> None:
    """All anew: nothing refers to a line, and Stripe may replace or move them while the invoice is a draft."""
    await session.exec(delete(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice.id))
    session.add_all(_line(invoice, position, line) for position, line in enumerate(lines))
    await session.flush()


def _line(invoice: Invoice, position: int, line: JSONObject) -> InvoiceLine:
    return InvoiceLine(
        created_at=invoice.created_at,
        stripe_id=line["id"],
        invoice_id=invoice.id,
        position=position,
        description=line.get("description"),
        amount=line["amount"],
        currency=line["currency"].upper(),
        quantity=line.get("quantity"),
        period_start=instant(line["period"]["start"]),
        period_end=instant(line["period"]["end"]),
        proration=is_proration(line),
    )


def is_proration(line: JSONObject) -> bool:
    """Whether a line is for a part of a period."""
    item, loose = (
        nested(line, "parent", f"{kind}_details", "proration") for kind in ("subscription_item", "invoice_item")
    )
    return bool(item or loose)
