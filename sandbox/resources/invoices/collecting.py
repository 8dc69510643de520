"""Collecting the money of an open invoice."""

from sandbox import events
from sandbox.errors import InvalidRequest, PaymentDeclined
from sandbox.resources import invoice_payments
from sandbox.resources.invoices import lifecycle
from sandbox.resources.payment_intents import charging
from sandbox.test_cards import Decline
from sandbox.work import Object, Work


def collect(work: Work, invoice: Object, method: Object) -> PaymentDeclined | None:
    """Try to pay an open invoice with the method once; what went wrong, or None."""
    intent = intent_of(work, invoice)
    # A bank that wants to see the customer leaves the intent waiting for them, off-session as well: the
    # subscription stays incomplete until they confirm, and the caller is told by an error of its own.
    decline = charging.attempt(work, intent, method, can_ask=True)
    follow_up(work, intent, decline)
    if decline:
        return charging.declined(intent, decline)
    if intent["status"] == "requires_action":
        return PaymentDeclined(
            "This payment requires additional user action before it can be completed successfully. Payment can be "
            "completed using the PaymentIntent associated with the invoice.",
            code="invoice_payment_intent_requires_action",
            payment_intent=intent,
            payment_method=method,
        )
    return None


def follow_up(work: Work, intent: Object, decline: Decline | None) -> None:
    """What an attempt means for the invoice that the intent pays, if it pays one."""
    payment = invoice_payments.of_intent(work, intent)
    if payment is None:
        return
    invoice = work.get("invoice", payment["invoice"])
    if intent["status"] == "succeeded":
        invoice_payments.settle(work, payment)
        lifecycle.paid(work, invoice)
        return
    if not invoice["attempted"]:
        events.change(work, "invoice.updated", invoice, attempt_count=1, attempted=True)
    events.emit(work, "invoice.payment_failed", invoice)
    if decline is None:
        events.emit(work, "invoice.payment_action_required", invoice)


def invoice_of(work: Work, intent: Object) -> Object | None:
    """The invoice that an intent pays, if it pays one."""
    payment = invoice_payments.of_intent(work, intent)
    return work.get("invoice", payment["invoice"]) if payment else None


def intent_of(work: Work, invoice: Object) -> Object:
    """The PaymentIntent of an open invoice."""
    payment = next(iter(invoice_payments.of_invoice(work, invoice)))
    return work.get("payment_intent", payment["payment"]["payment_intent"])


def method_for(work: Work, invoice: Object) -> Object:
    """The invoice's own default method, else its subscription's, else the customer's."""
    subscription = lifecycle.subscription_of(work, invoice)
    customer = work.get("customer", invoice["customer"])
    candidates = (
        invoice["default_payment_method"],
        subscription and subscription["default_payment_method"],
        customer["invoice_settings"]["default_payment_method"],
    )
    if id := next(filter(None, candidates), None):
        return work.get("payment_method", id)
    raise no_method(customer)


def no_method(customer: Object) -> InvalidRequest:
    """The refusal to charge a customer of whom no way to do so is known."""
    return InvalidRequest(
        "This customer has no attached payment source or default payment method. Please consider adding a default "
        f"payment method to {customer['id']}.",
        code="resource_missing",
    )
