"""Refunds: money of a charge going back. To a card at once, to an Amazon Pay account after a while.

A refund does not reopen the invoice that its charge paid.
"""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.money import money
from sandbox.resources import balance_transactions, early_fraud_warnings, payment_methods
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import list_of
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/refunds"
REFUND = URL + "/{refund}"
AMAZON_PAY_WINDOW = 90 * 24 * 3600
"""Seconds after the purchase in which Amazon Pay refunds (https://docs.stripe.com/payments/amazon-pay)."""
FAILURE = "declined"


def create(work: Work, params: Params) -> Object:
    """POST /v1/refunds: all that is left of a charge, or `amount` of it, in the currency's smallest unit."""
    charge = _charge(work, params)
    left = _refundable(work, charge)
    amount = params.get("amount", left)
    if amount < 1:
        raise InvalidRequest("Invalid positive integer", code="parameter_invalid_integer", param="amount")
    if amount > left:
        raise InvalidRequest(_too_much(charge, amount, left), param="amount")
    reason, metadata = params.get("reason"), merge({}, params.get("metadata", {}))
    return _add(work, charge, amount, reason=reason, metadata=metadata)


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/refunds/{refund}: its metadata, which is all that can change."""
    refund = work.get("refund", id)
    metadata = merge(refund["metadata"], params.get("metadata", {}))
    return events.change(work, "refund.updated", refund, metadata=metadata)


def cancel(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/refunds/{refund}/cancel: only for refunds that wait for the customer, which none here does."""
    refund = work.get("refund", id)
    raise InvalidRequest(
        f"You can only cancel a refund with a status of requires_action; this one is {refund['status']}."
    )


def settle(work: Work, refund: Object) -> Object:
    """A pending refund has reached the customer. InvalidRequest for any other."""
    if refund["status"] != "pending":
        raise InvalidRequest(f"Only a pending refund can succeed; {refund['id']} is {refund['status']}.")
    work.keep_secret(refund["id"], ends=None)
    return events.change(work, "refund.updated", refund, pending_reason=None, status="succeeded")


def fail(work: Work, refund: Object, reason: str = FAILURE) -> Object:
    """The money could not be given back and returns to the balance. InvalidRequest if it came back already."""
    if refund["status"] not in ("pending", "succeeded"):
        raise InvalidRequest(f"Only a pending or succeeded refund can fail; {refund['id']} is {refund['status']}.")
    work.keep_secret(refund["id"], ends=None)
    charge = work.get("charge", refund["charge"])
    returned = balance_transactions.add(work, refund, "refund_failure", _type(charge), refund["amount"])
    refund.update(
        failure_balance_transaction=returned["id"], failure_reason=reason, pending_reason=None, status="failed"
    )
    events.emit(work, "refund.failed", work.save(refund))
    charge.update(amount_refunded=charge["amount_refunded"] - refund["amount"], refunded=False)
    work.save(charge)
    return refund


def conclude(work: Work, refund: Object) -> None:
    """End an asynchronous refund; of another one there is nothing left to say."""
    ends = work.secret(refund["id"]).get("ends")
    if ends == "failed":
        fail(work, refund)
    elif ends:
        settle(work, refund)


def listed(work: Work, charge: Object) -> Object:
    """The list that a charge shows when `refunds` is expanded."""
    return list_of(work.select("refund", {"charge": charge["id"]}), f"/v1/charges/{charge['id']}/refunds")


def _charge(work: Work, params: Params) -> Object:
    """The charge that is named, or the one that paid the intent that is."""
    if ("charge" in params) == ("payment_intent" in params):
        raise InvalidRequest(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
            param="payment_intent",
        )
    if "charge" in params:
        return work.get("charge", params.get("charge"), "charge")
    intent = work.get("payment_intent", params.get("payment_intent"), "payment_intent")
    if intent["status"] != "succeeded":
        raise InvalidRequest(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
            payment_intent=intent,
        )
    return work.get("charge", intent["latest_charge"])


def _refundable(work: Work, charge: Object) -> int:
    """How much of it can be given back. InvalidRequest if nothing can."""
    id, left = charge["id"], int(charge["amount_captured"] - charge["amount_refunded"])
    if not (charge["paid"] and charge["captured"]):
        raise InvalidRequest(f"Charge {id} was not paid, so it cannot be refunded.", code="charge_not_refundable")
    if charge["disputed"] and not _still_refundable(work, charge):
        message = f"Charge {id} has been charged back; cannot issue a refund."
        raise InvalidRequest(message, code="charge_disputed")
    if left <= 0:
        raise InvalidRequest(f"Charge {id} has already been refunded.", code="charge_already_refunded")
    if _type(charge) == "amazon_pay" and work.now - charge["created"] > AMAZON_PAY_WINDOW:
        message = f"Charge {id} can no longer be refunded: Amazon Pay refunds up to 90 days after the purchase."
        raise InvalidRequest(message, code="charge_not_refundable")
    return left


def _still_refundable(work: Work, charge: Object) -> bool:
    return all(dispute["is_charge_refundable"] for dispute in work.select("dispute", {"charge": charge["id"]}))


def _too_much(charge: Object, amount: int, left: int) -> str:
    asked = f"Refund amount ({money(amount, charge['currency'])}) is greater than"
    if charge["amount_refunded"]:
        return f"{asked} unrefunded amount on charge ({money(left, charge['currency'])})"
    return f"{asked} charge amount ({money(charge['amount'], charge['currency'])})"


def _add(work: Work, charge: Object, amount: int, **fields: Any) -> Object:
    refund = {**_new(work, charge), **fields, "amount": amount}
    moved = balance_transactions.add(work, refund, "refund", _type(charge), -amount)
    refund["balance_transaction"] = moved["id"]
    first, last = _course(work, charge)
    refund.update(pending_reason="processing" if first == "pending" else None, status=first)
    events.emit(work, "refund.created", work.add(refund, ends=None if first == last else last))
    refunded = charge["amount_refunded"] + amount
    full = refunded == charge["amount_captured"]
    events.change(work, "charge.refunded", charge, amount_refunded=refunded, refunded=full)
    if full:
        early_fraud_warnings.settle(work, charge)
    return refund


def _course(work: Work, charge: Object) -> tuple[str, str]:
    """The status that a refund of the charge has at first, and the one that it ends with."""
    card = payment_methods.card_of(work, work.get("payment_method", charge["payment_method"]))
    return card.refunds if card else ("pending", "succeeded")


def _type(charge: Object) -> str:
    return str(charge["payment_method_details"]["type"])


def _new(work: Work, charge: Object) -> Object:
    type = _type(charge)
    card = {"reference": None, "reference_status": "pending", "reference_type": None, "type": "refund"}
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("re"),
        "object": "refund",
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "destination_details": {type: card if type == "card" else {}, "type": type},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
    }


ABSENT = (
    "customer_account",
    "description",
    "failure_balance_transaction",
    "failure_reason",
    "instructions_email",
    "next_action",
    "pending_reason",
    "receipt_number",
    "source_transfer_reversal",
    "transfer_reversal",
)

KIND = Kind(
    "refund",
    expands={
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "customer": "customer",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "payment_method": "payment_method",
    },
)

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("refund", URL, ["charge", "payment_intent"])),
    Endpoint("GET", REFUND, retrieve("refund")),
    Endpoint("POST", REFUND, update),
    Endpoint("POST", REFUND + "/cancel", cancel),
]
