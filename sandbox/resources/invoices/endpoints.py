"""Invoices over the API."""

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources import customers, invoice_payments
from sandbox.resources.invoices import collecting, drafts, lifecycle, waiting
from sandbox.resources.invoices.preview import create_preview
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.pagination import page, page_within
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/invoices"
INVOICE = URL + "/{invoice}"


def list_invoices(work: Work, params: Params) -> Object:
    """GET /v1/invoices."""
    where = params.given("collection_method", "customer", "status")
    if "subscription" in params:
        where["parent.subscription_details.subscription"] = params.get("subscription")
    return page(work, "invoice", params, URL, where)


def finalize(work: Work, id: str, params: Params) -> Object:
    """POST /v1/invoices/{invoice}/finalize."""
    invoice = work.get("invoice", id)
    if "auto_advance" in params:
        invoice["auto_advance"] = params.get("auto_advance")
    lifecycle.finalize(work, invoice)
    schedule = waiting.schedule(work, invoice, auto_advance=invoice["auto_advance"])
    return events.change(work, "invoice.updated", invoice, **schedule)


def pay(work: Work, id: str, params: Params) -> Object:
    """POST /v1/invoices/{invoice}/pay."""
    invoice = work.get("invoice", id)
    params.get("off_session", True)  # the outcome is the same: the customer is asked later, on their own page
    if invoice["status"] == "paid":
        raise InvalidRequest("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        raise InvalidRequest(f"This invoice can no longer be paid: it is {invoice['status']}.")
    if mandate := params.get("mandate"):
        work.get("mandate", mandate, "mandate")
    if "payment_method" in params:
        method = customers.check_owner(work, params.get("payment_method"), invoice["customer"], "payment_method")
    else:
        method = collecting.method_for(work, invoice)
    if invoice["status"] == "draft":
        lifecycle.finalize(work, invoice)
    if invoice["status"] != "paid" and (refusal := collecting.collect(work, invoice, method)):
        raise refusal
    return invoice


def void(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/invoices/{invoice}/void."""
    return lifecycle.void(work, work.get("invoice", id))


def mark_uncollectible(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/invoices/{invoice}/mark_uncollectible."""
    return lifecycle.write_off(work, work.get("invoice", id))


def list_lines(work: Work, id: str, params: Params) -> Object:
    """GET /v1/invoices/{invoice}/lines."""
    lines = work.get("invoice", id)["lines"]["data"]
    return page_within(lines, params, f"{URL}/{id}/lines")


def _confirmation_secret(work: Work, invoice: Object) -> Object | None:
    """What a browser needs to confirm the payment of an open invoice."""
    if invoice["status"] != "open":
        return None
    return {"client_secret": collecting.intent_of(work, invoice)["client_secret"], "type": "payment_intent"}


LINE_EXPANDS = {"discounts": "discount", "discount_amounts.discount": "discount", "subscription": "subscription"}

KIND = Kind(
    "invoice",
    expands={
        "customer": "customer",
        "default_payment_method": "payment_method",
        "discounts": "discount",
        "total_discount_amounts.discount": "discount",
        "parent.subscription_details.subscription": "subscription",
    },
    includes={"confirmation_secret": _confirmation_secret, "payments": invoice_payments.listed},
)

ENDPOINTS = [
    Endpoint("POST", URL + "/create_preview", create_preview),
    Endpoint("POST", URL, drafts.create),
    Endpoint("GET", URL, list_invoices),
    Endpoint("GET", INVOICE, retrieve("invoice")),
    Endpoint("POST", INVOICE, drafts.update),
    Endpoint("DELETE", INVOICE, drafts.delete),
    Endpoint("GET", INVOICE + "/lines", list_lines),
    Endpoint("POST", INVOICE + "/finalize", finalize),
    Endpoint("POST", INVOICE + "/pay", pay),
    Endpoint("POST", INVOICE + "/void", void),
    Endpoint("POST", INVOICE + "/mark_uncollectible", mark_uncollectible),
]
