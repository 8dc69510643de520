"""The hosted page of an invoice, and the receipt of a payment."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox import invoice_sums
from sandbox.core import Sandbox
from sandbox.pages.payments import label
from sandbox.pages.render import notice, page
from sandbox.resources import invoice_payments
from sandbox.resources.invoices import collecting
from sandbox.work import Object, Work


def show_invoice(sandbox: Sandbox, request: Request) -> Response:
    """What it is for, what it comes to, and the way to pay it; a draft has no page yet."""
    with sandbox.work() as work:
        invoice = work.find("invoice", request.path_params["id"])
        if invoice is None or invoice["status"] == "draft":
            return notice("There is no such invoice", "The address may be incomplete.", status=404)
        context = {
            "merchant": sandbox.settings.merchant,
            "invoice": invoice,
            "lines": [{**each, "shown_quantity": invoice_sums.quantity(each)} for each in invoice["lines"]["data"]],
            "pay_url": pay_url(work, invoice),
            "receipts": receipts(work, invoice),
            "sums": invoice_sums.rows(work, invoice),
        }
    return page("invoice.html", context)


def pay_url(work: Work, invoice: Object) -> str | None:
    """Where it can be paid, if it still can."""
    if invoice["status"] not in ("open", "uncollectible") or not invoice["amount_remaining"]:
        return None
    return f"/pay/{collecting.intent_of(work, invoice)['client_secret']}"


def receipts(work: Work, invoice: Object) -> list[str]:
    """The addresses of the receipts of what was paid for it."""
    ids = [each["payment"].get("payment_intent") for each in invoice_payments.of_invoice(work, invoice)]
    charges = [work.get("payment_intent", id)["latest_charge"] for id in ids if id]
    found = [work.get("charge", id)["receipt_url"] for id in charges if id]
    return [url for url in found if url]


def show_receipt(sandbox: Sandbox, request: Request) -> Response:
    """What was paid, how, and what of it was given back."""
    with sandbox.work() as work:
        charge = work.find("charge", request.path_params["id"])
        if charge is None or not charge["paid"]:
            return notice("There is no such receipt", "The address may be incomplete.", status=404)
        context = {**receipt(work, charge), "merchant": sandbox.settings.merchant}
    return page("receipt.html", context)


def receipt(work: Work, charge: Object) -> dict[str, Any]:
    """What the receipt of a payment tells."""
    intent = work.get("payment_intent", charge["payment_intent"])
    customer = work.find("customer", charge["customer"]) if charge["customer"] else None
    return {
        "charge": charge,
        "email": charge["receipt_email"] or (customer or {}).get("email"),
        "invoice": collecting.invoice_of(work, intent),
        "method": label(work.get("payment_method", charge["payment_method"])),
        "refunds": work.select("refund", {"charge": charge["id"]}),
    }
