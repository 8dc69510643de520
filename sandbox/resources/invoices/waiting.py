"""A draft's hour: how long an invoice waits for whoever may want to change it, and for the endpoints to hear of it."""

from typing import Any

from sandbox import events
from sandbox.engine.agenda import HOUR
from sandbox.work import Object, Work


def schedule(work: Work, invoice: Object, *, auto_advance: bool) -> dict[str, Any]:
    """The times of an invoice whose `auto_advance` has just been set: in an hour, or never."""
    at = work.now + HOUR if auto_advance else None
    return {
        "automatically_finalizes_at": at if invoice["status"] == "draft" else None,
        "next_payment_attempt": at if invoice["status"] in ("draft", "open") else None,
    }


def heard(work: Work, delivery: int) -> None:
    """An endpoint has acknowledged an event. The hour of a draft begins when the last one knows of it."""
    draft = work.connection.execute("SELECT draft FROM deliveries WHERE seq = ?", (delivery,)).fetchone()["draft"]
    if draft is None or _still_waits(work, draft):
        return
    invoice = work.find("invoice", draft)
    if invoice is None or invoice["webhooks_delivered_at"]:
        return
    invoice["webhooks_delivered_at"] = work.now
    if invoice["status"] == "draft" and invoice["automatically_finalizes_at"]:
        later = max(invoice["automatically_finalizes_at"], work.now + HOUR)
        events.change(work, "invoice.updated", invoice, automatically_finalizes_at=later, next_payment_attempt=later)
    work.save(invoice)


def _still_waits(work: Work, draft: str) -> bool:
    query = "SELECT 1 FROM deliveries WHERE draft = ? AND NOT delivered"
    return work.connection.execute(query, (draft,)).fetchone() is not None
