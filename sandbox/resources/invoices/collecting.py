"""Collecting the money of an open invoice."""

from sandbox.errors import InvalidRequest, PaymentDeclined
from sandbox.resources import invoice_payments
from sandbox.resources.invoices import lifecycle, retrying
from sandbox.resources.payment_intents import charging
from sandbox.test_cards import Decline
from sandbox.work import Object, Work


def advance(work: Work, invoice: Object) -> None:
    """What an invoice's hour brings: it is finalized, and collected."""
    lifecycle.finalize(work, invoice)
    if invoice["status"] == "open":
        retry(work, invoice)


def retry(work: Work, invoice: Object) -> None:
    """Try to pay an open invoice without being asked to, by the method that is the default now.

    A method that was refused for good is not tried again, but the try counts (Stripe's `attempt_count`).
    """
    method = find_method(work, invoice)
    if method and method["id"] != work.secret(invoice["id"]).get("refused"):
        try:
            collect(work, invoice, method, automatic=True)
        except InvalidRequest:  # it cannot pay this invoice: detached, say, or of a type that is not allowed
            method = None
        else:
            return
    retrying.not_charged(work, invoice, told=method is None and not invoice["attempted"])


def collect(work: Work, invoice: Object, method: Object, *, automatic: bool = False) -> PaymentDeclined | None:
    """Try to pay an open invoice with the method once; what went wrong, or None.

    `automatic`: nobody asked for it, so it counts as a try of the retry schedule.
    """
    intent = intent_of(work, invoice)
    # A bank that wants to see the customer leaves the intent waiting for them, off-session as well: the
    # subscription stays incomplete until they confirm, and the caller is told by an error of its own.
    decline = charging.attempt(work, intent, method, can_ask=True)
    follow_up(work, intent, decline, automatic=automatic)
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


def follow_up(work: Work, intent: Object, decline: Decline | None, *, automatic: bool = False) -> None:
    """What an attempt means for the invoice that the intent pays, if it pays one."""
    payment = invoice_payments.of_intent(work, intent)
    if payment is None:
        return
    invoice = work.get("invoice", payment["invoice"])
    if intent["status"] == "succeeded":
        invoice_payments.settle(work, payment)
        lifecycle.paid(work, invoice, automatic=automatic)
        return
    if decline and decline.final:
        work.keep_secret(invoice["id"], refused=intent["last_payment_error"]["payment_method"]["id"])
    retrying.failed(work, invoice, automatic=automatic, needs_customer=decline is None)


def invoice_of(work: Work, intent: Object) -> Object | None:
    """The invoice that an intent pays, if it pays one."""
    payment = invoice_payments.of_intent(work, intent)
    return work.get("invoice", payment["invoice"]) if payment else None


def intent_of(work: Work, invoice: Object) -> Object:
    """The PaymentIntent of an open invoice."""
    payment = next(iter(invoice_payments.of_invoice(work, invoice)))
    return work.get("payment_intent", payment["payment"]["payment_intent"])


def method_for(work: Work, invoice: Object) -> Object:
    """The method that would pay the invoice. InvalidRequest if there is none."""
    if method := find_method(work, invoice):
        return method
    raise no_method(work.get("customer", invoice["customer"]))


def find_method(work: Work, invoice: Object) -> Object | None:
    """The invoice's own default method, else its subscription's, else the customer's."""
    if own := invoice["default_payment_method"]:
        return work.get("payment_method", own)
    if subscription := lifecycle.subscription_of(work, invoice):
        return default_method(work, subscription)
    return _default_of_customer(work, invoice["customer"])


def default_method(work: Work, subscription: Object) -> Object | None:
    """The subscription's default method, else the customer's."""
    if own := subscription["default_payment_method"]:
        return work.get("payment_method", own)
    return _default_of_customer(work, subscription["customer"])


def _default_of_customer(work: Work, customer: str) -> Object | None:
    method = work.get("customer", customer)["invoice_settings"]["default_payment_method"]
    return work.get("payment_method", method) if method else None


def no_method(customer: Object) -> InvalidRequest:
    """The refusal to charge a customer of whom no way to do so is known."""
    return InvalidRequest(
        "This customer has no attached payment source or default payment method. Please consider adding a default "
        f"payment method to {customer['id']}.",
        code="resource_missing",
    )
