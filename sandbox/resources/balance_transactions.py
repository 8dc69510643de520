"""Balance transactions: what each payment, refund and dispute puts into the account's balance or takes from it."""

from typing import Any

from sandbox.ids import new_id
from sandbox.kinds import ANY, Kind
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.work import Object, Work

URL = "/v1/balance_transactions"
FEE_SHARE, FEE_FIXED = 290, 30
"""Stripe's fee of a payment: so many ten-thousandths of it, and so many units."""
TYPES = {
    ("charge", "card"): "charge",
    ("charge", "amazon_pay"): "payment",
    ("refund", "card"): "refund",
    ("refund", "amazon_pay"): "payment_refund",
    ("refund_failure", "card"): "refund_failure",
    ("refund_failure", "amazon_pay"): "payment_failure_refund",
}
"""What a movement is called, by its reporting category and the type of the payment method; else an adjustment."""


def add(
    work: Work, source: Object, category: str, method_type: str, amount: int, *, fee: int = 0, description: str = ""
) -> Object:
    """A movement of `amount` (negative: out of the balance), of which Stripe keeps `fee`; both in minor units.

    `category` is the reporting category. The money is available at once: this sandbox pays nothing out.
    """
    return work.add(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": work.now,
            "balance_type": "payments",
            "created": work.now,
            "currency": source["currency"],
            "description": description or source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [_fee(fee, source["currency"])] if fee else [],
            "net": amount - fee,
            "reporting_category": category,
            "source": source["id"],
            "status": "available",
            "type": TYPES.get((category, method_type), "adjustment"),
        }
    )


def fee_of(amount: int) -> int:
    """What Stripe keeps of a payment."""
    return amount * FEE_SHARE // 10_000 + FEE_FIXED


def _fee(amount: int, currency: str) -> dict[str, Any]:
    return {
        "amount": amount,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }


KIND = Kind("balance_transaction", expands={"source": ANY})

ENDPOINTS = [
    Endpoint("GET", URL, listing("balance_transaction", URL, ["currency", "source", "type"])),
    Endpoint("GET", URL + "/{id}", retrieve("balance_transaction")),
]
