"""What becomes of an invoice: finalized, paid, voided, written off."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.resources import invoice_payments, payment_method_configurations
from sandbox.resources.invoices import balances
from sandbox.resources.methods_offered import types_for
from sandbox.resources.payment_intents import intents
from sandbox.resources.subscriptions import activation
from sandbox.work import Object, Work


def finalize(work: Work, invoice: Object, method_id: str | None = None) -> Object:
    """From draft to open, with a PaymentIntent for what is due; from draft to paid where nothing is."""
    if invoice["status"] != "draft":
        raise InvalidRequest("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    balances.settle(work, invoice)
    _transition(
        work,
        invoice,
        "invoice.finalized",
        "finalized_at",
        status="open",
        automatically_finalizes_at=None,
        effective_at=work.now,
        hosted_invoice_url=work.sandbox.url(f"/i/{invoice['id']}"),
        invoice_pdf=work.sandbox.url(f"/i/{invoice['id']}/pdf"),
        next_payment_attempt=None,
        number=_number(work, invoice),
    )
    if invoice["amount_due"]:
        _request_payment(work, invoice, method_id)
    else:
        paid(work, invoice)
    return invoice


def paid(work: Work, invoice: Object, *, automatic: bool = False) -> None:
    """Everything due has been paid, if anything was; `automatic`: by a try of the retry schedule, which counts."""
    tries = invoice["attempt_count"]
    _transition(
        work,
        invoice,
        "invoice.paid",
        "paid_at",
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=tries + 1 if automatic else tries or int(invoice["amount_due"] > 0),
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
    )
    events.emit(work, "invoice.payment_succeeded", invoice)
    if subscription := subscription_of(work, invoice):
        activation.invoice_paid(work, subscription, invoice)


def void(work: Work, invoice: Object) -> Object:
    """Take an open or uncollectible invoice back; nobody can pay it any more."""
    if invoice["status"] not in ("open", "uncollectible"):
        raise InvalidRequest(f"You can only void an open or uncollectible invoice; this one is {invoice['status']}.")
    _transition(
        work, invoice, "invoice.voided", "voided_at", auto_advance=False, next_payment_attempt=None, status="void"
    )
    for payment in invoice_payments.of_invoice(work, invoice):
        invoice_payments.cancel(work, payment)
        intents.cancel(work, work.get("payment_intent", payment["payment"]["payment_intent"]), "void_invoice")
    balances.take_back(work, invoice)
    if subscription := subscription_of(work, invoice):
        activation.first_invoice_given_up(work, subscription, invoice)
        activation.invoice_voided(work, subscription, invoice)
    return invoice


def write_off(work: Work, invoice: Object, reason: str = "user_forgiven") -> Object:
    """Count an open invoice as lost. It can still be paid."""
    if invoice["status"] != "open":
        raise InvalidRequest(f"You can only mark an open invoice as uncollectible; this one is {invoice['status']}.")
    _transition(
        work,
        invoice,
        "invoice.marked_uncollectible",
        "marked_uncollectible_at",
        auto_advance=False,
        next_payment_attempt=None,
        status="uncollectible",
        status_details={"uncollectible": {"reason": reason}},
    )
    if subscription := subscription_of(work, invoice):
        activation.invoice_written_off(work, subscription, invoice)
    return invoice


def subscription_of(work: Work, invoice: Object) -> Object | None:
    """The subscription that an invoice is for."""
    details = (invoice["parent"] or {}).get("subscription_details")
    return work.get("subscription", details["subscription"]) if details else None


def _transition(work: Work, invoice: Object, event: str, moment: str, **changes: Any) -> Object:
    """Change an invoice, with the event of what happened beside the general one."""
    moments = {**invoice["status_transitions"], moment: work.now}
    previous = events.apply(invoice, {**changes, "status_transitions": moments})
    work.save(invoice)
    if event != "invoice.finalized":
        events.emit(work, "invoice.updated", invoice, previous)
    events.emit(work, event, invoice)
    return invoice


def _number(work: Work, invoice: Object) -> str:
    customer = work.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    currency = customer["currency"] or invoice["currency"]
    events.change(work, "customer.updated", customer, currency=currency, next_invoice_sequence=sequence + 1)
    return f"{customer['invoice_prefix']}-{sequence:04d}"


def _request_payment(work: Work, invoice: Object, method_id: str | None) -> None:
    types = invoice["payment_settings"]["payment_method_types"]
    intent = intents.add(
        work,
        invoice["amount_due"],
        invoice["currency"],
        types or types_for(payment_method_configurations.available(work), invoice["currency"]),
        automatic_payment_methods=None,
        customer=invoice["customer"],
        description="Subscription creation"
        if invoice["billing_reason"] == "subscription_create"
        else "Payment for Invoice",
        payment_method=method_id,
        setup_future_usage="off_session",
    )
    invoice_payments.add(work, invoice, intent)
