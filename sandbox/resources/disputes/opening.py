"""How a dispute begins: with an inquiry, or with the money taken back at once."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.resources import balance_transactions, early_fraud_warnings
from sandbox.resources.disputes.evidence import NO_EVIDENCE
from sandbox.work import Object, Work

SORTS = ("chargeback", "claim", "inquiry")
"""A chargeback takes the money; a claim is Amazon Pay's own and costs no fee; an inquiry only asks, for cards."""
REASONS = (
    "bank_cannot_process",
    "credit_not_processed",
    "customer_initiated",
    "duplicate",
    "fraudulent",
    "general",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
)
DAY = 24 * 3600
DAYS_TO_ANSWER = {"amazon_pay": 10, "card": 9}
FEE = 1500
"""What Stripe takes for a dispute, in the currency's smallest unit; given back if it is won."""


def open_dispute(work: Work, charge: Object, sort: str, reason: str, amount: int | None = None) -> Object:
    """The customer disputes a paid charge, or `amount` of it, in minor units. InvalidRequest if they cannot."""
    type, paid = charge["payment_method_details"]["type"], charge["amount_captured"]
    amount = paid if amount is None else amount
    _check(charge, sort, amount)
    dispute = work.add(_new(work, charge, sort, reason, amount))
    charge["disputed"] = True
    work.save(charge)
    events.emit(work, "charge.dispute.created", dispute)
    early_fraud_warnings.settle(work, charge)
    if sort != "inquiry":
        _withdraw(work, dispute, type, 0 if sort == "claim" else FEE)
    return dispute


def _check(charge: Object, sort: str, amount: int) -> None:
    type = charge["payment_method_details"]["type"]
    if not charge["paid"] or charge["disputed"]:
        state = "disputed already" if charge["disputed"] else "not paid"
        raise InvalidRequest(f"Charge {charge['id']} is {state}: name one that is paid and not disputed.")
    if (sort, type) in (("claim", "card"), ("inquiry", "amazon_pay")):
        raise InvalidRequest(f"There is no {sort} for {type}: send chargeback, or for a card inquiry, else claim.")
    if not 1 <= amount <= charge["amount_captured"]:
        raise InvalidRequest(f"`amount` must be from 1 to the charge's {charge['amount_captured']}.", param="amount")


def _withdraw(work: Work, dispute: Object, type: str, fee: int) -> None:
    about = f"Chargeback withdrawal for {dispute['charge']}"
    moved = balance_transactions.add(work, dispute, "dispute", type, -dispute["amount"], fee=fee, description=about)
    dispute["balance_transactions"] = [moved]
    events.emit(work, "charge.dispute.funds_withdrawn", work.save(dispute))


def _new(work: Work, charge: Object, sort: str, reason: str, amount: int) -> Object:
    type, asks = charge["payment_method_details"]["type"], sort == "inquiry"
    return {
        "id": new_id("du" if asks else "dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": work.now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict(NO_EVIDENCE),
        "evidence_details": {
            "due_by": work.now + DAYS_TO_ANSWER[type] * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": asks,
        "livemode": False,
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {type: _details(charge, sort), "type": type},
        "reason": reason,
        "status": "warning_needs_response" if asks else "needs_response",
    }


def _details(charge: Object, sort: str) -> dict[str, Any]:
    if charge["payment_method_details"]["type"] == "amazon_pay":
        return {"dispute_type": sort}
    card = charge["payment_method_details"]["card"]
    return {"brand": card["brand"], "case_type": sort, "network": card["network"], "network_reason_code": None}
