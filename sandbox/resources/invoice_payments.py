"""Invoice payments: which PaymentIntent pays which invoice."""

from sandbox import events
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.pagination import list_of, page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/invoice_payments"


def list_payments(work: Work, params: Params) -> Object:
    """GET /v1/invoice_payments."""
    where = params.given("invoice", "status")
    payment = params.nested("payment")
    for name, value in payment.given("type", "payment_intent").items():
        where[f"payment.{name}"] = value
    return page(work, "invoice_payment", params, URL, where)


def add(work: Work, invoice: Object, intent: Object) -> Object:
    """The invoice is to be paid by this intent."""
    return work.add(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": work.now,
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def of_invoice(work: Work, invoice: Object) -> list[Object]:
    """The payments of an invoice, newest first."""
    return work.select("invoice_payment", {"invoice": invoice["id"]})


def listed(work: Work, invoice: Object) -> Object:
    """The list that an invoice shows when `payments` is expanded."""
    return list_of(of_invoice(work, invoice), f"{URL}?invoice={invoice['id']}")


def of_intent(work: Work, intent: Object) -> Object | None:
    """The payment that an intent makes, if it pays an invoice."""
    return next(iter(work.select("invoice_payment", {"payment.payment_intent": intent["id"]})), None)


def settle(work: Work, payment: Object) -> None:
    """It is paid."""
    payment.update(
        amount_paid=payment["amount_requested"],
        status="paid",
        status_transitions={"canceled_at": None, "paid_at": work.now},
    )
    events.emit(work, "invoice_payment.paid", work.save(payment))


def cancel(work: Work, payment: Object) -> None:
    """It will not be paid any more."""
    payment.update(status="canceled", status_transitions={"canceled_at": work.now, "paid_at": None})
    work.save(payment)


KIND = Kind(
    "invoice_payment",
    expands={"invoice": "invoice", "payment.charge": "charge", "payment.payment_intent": "payment_intent"},
)

ENDPOINTS = [
    Endpoint("GET", URL, list_payments),
    Endpoint("GET", URL + "/{invoice_payment}", retrieve("invoice_payment")),
]
