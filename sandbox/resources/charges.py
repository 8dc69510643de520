"""Charges: each attempt to take money, successful or not."""

from typing import Any

from sandbox import events
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.resources import balance_transactions, refunds
from sandbox.test_cards import Decline
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.work import Object, Work

URL = "/v1/charges"
UNDERLYING = {
    "brand": "visa",
    "country": "US",
    "exp_month": 12,
    "exp_year": 2034,
    "funding": "credit",
    "last4": "1111",
}
"""The card behind an Amazon Pay account, which only a charge reveals."""


def succeed(work: Work, intent: Object, method: Object) -> Object:
    """The money of the intent was taken from the method."""
    charge = {
        **_taken(work, intent, method),
        "amount_captured": intent["amount"],
        "captured": True,
    }
    fee = balance_transactions.fee_of(charge["amount"])
    moved = balance_transactions.add(work, charge, "charge", method["type"], charge["amount"], fee=fee)
    charge["balance_transaction"] = moved["id"]
    events.emit(work, "charge.succeeded", work.add(charge))
    return charge


def authorize(work: Work, intent: Object, method: Object) -> Object:
    """The money of the intent is set aside, to be captured later."""
    charge = work.add(_taken(work, intent, method))
    events.emit(work, "charge.succeeded", charge)
    return charge


def capture(work: Work, charge: Object, amount: int) -> Object:
    """Take so much of what was set aside, in minor units; the rest is released."""
    type = charge["payment_method_details"]["type"]
    moved = balance_transactions.add(work, charge, "charge", type, amount, fee=balance_transactions.fee_of(amount))
    charge.update(amount_captured=amount, balance_transaction=moved["id"], captured=True)
    events.emit(work, "charge.captured", work.save(charge))
    return charge


def release(work: Work, charge: Object) -> Object:
    """Take nothing of what was set aside."""
    return events.change(work, "charge.refunded", charge, amount_refunded=charge["amount"], refunded=True)


def fail(work: Work, intent: Object, method: Object, decline: Decline) -> Object:
    """It was refused."""
    outcome = {
        **NO_OUTCOME,
        "advice_code": decline.advice_code,
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }
    charge = work.add(
        {
            **_new(work, intent, method),
            "failure_code": decline.code,
            "failure_message": decline.message,
            "outcome": outcome,
        }
    )
    events.emit(work, "charge.failed", charge)
    return charge


def _taken(work: Work, intent: Object, method: Object) -> Object:
    charge = _new(work, intent, method)
    return {
        **charge,
        "outcome": {**NO_OUTCOME, "network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "receipt_url": work.sandbox.url(f"/receipts/{charge['id']}"),
        "status": "succeeded",
    }


def _new(work: Work, intent: Object, method: Object) -> Object:
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("ch"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": work.sandbox.settings.merchant.upper(),
        "captured": False,
        "created": work.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {method["type"]: _details(intent, method), "type": method["type"]},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed",
    }


def _details(intent: Object, method: Object) -> dict[str, Any]:
    if method["type"] == "amazon_pay":
        return {"funding": {"card": UNDERLYING, "type": "card"}, "transaction_id": f"S01-{new_token(14).upper()}"}
    card = method["card"]
    shown = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    return {
        **{name: card[name] for name in shown},
        "amount_authorized": intent["amount"],
        "authorization_code": None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "regulated_status": card["regulated_status"],
        "three_d_secure": None,
    }


NO_OUTCOME: dict[str, Any] = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "reason": None,
    "risk_level": "normal",
    "risk_score": 12,
    "seller_message": "Payment complete.",
}
ABSENT = (
    "application",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "failure_balance_transaction",
    "failure_code",
    "failure_message",
    "on_behalf_of",
    "presentment_details",
    "receipt_number",
    "receipt_url",
    "review",
    "source",
    "source_transfer",
    "transfer_data",
    "transfer_group",
)

KIND = Kind(
    "charge",
    expands={
        "balance_transaction": "balance_transaction",
        "customer": "customer",
        "payment_intent": "payment_intent",
    },
    includes={"refunds": refunds.listed},
)

ENDPOINTS = [
    Endpoint("GET", URL, listing("charge", URL, ["customer", "payment_intent"])),
    Endpoint("GET", URL + "/{charge}", retrieve("charge")),
]
