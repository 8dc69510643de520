"""A customer's balance and every change of it."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/customers/{customer}/balance_transactions"
TRANSACTION = URL + "/{transaction}"
KIND_NAME = "customer_balance_transaction"


def create(work: Work, id: str, params: Params) -> Object:
    """POST /v1/customers/{customer}/balance_transactions: a credit below zero, a debit above."""
    customer = work.get("customer", id)
    currency = params.get("currency").lower()
    if customer["currency"] not in (None, currency):
        raise InvalidRequest(
            f"The balance of this customer is in {customer['currency']}. Send that currency.", param="currency"
        )
    if customer["currency"] is None:
        customer["currency"] = currency
    return move(
        work,
        customer,
        params.get("amount"),
        currency,
        "adjustment",
        description=params.get("description"),
        metadata=merge({}, params.get("metadata") or {}),
    )


def update(work: Work, id: str, transaction: str, params: Params) -> Object:
    """POST /v1/customers/{customer}/balance_transactions/{transaction}: its words only."""
    found = retrieve(work, id, transaction, params)
    found.update(params.given("description"))
    if "metadata" in params:
        found["metadata"] = merge(found["metadata"], params.get("metadata"))
    return work.save(found)


def retrieve(work: Work, id: str, transaction: str, _params: Params) -> Object:
    """GET /v1/customers/{customer}/balance_transactions/{transaction}."""
    found = work.get(KIND_NAME, transaction, "transaction")
    if found["customer"] != id:
        raise InvalidRequest("This balance transaction belongs to another customer.", param="transaction")
    return found


def list_transactions(work: Work, id: str, params: Params) -> Object:
    """GET /v1/customers/{customer}/balance_transactions."""
    work.get("customer", id)
    where = {"customer": id, **params.given("invoice")}
    return page(work, KIND_NAME, params, URL.format(customer=id), where)


def move(work: Work, customer: Object, amount: int, currency: str, kind: str, **fields: Any) -> Object:
    """Change the balance by an amount (minor units; below zero is credit), with the record of it."""
    balance = customer["balance"] + amount
    transaction = work.add(
        {
            "id": new_id("cbtxn"),
            "object": KIND_NAME,
            "amount": amount,
            "checkout_session": None,
            "created": work.now,
            "credit_note": None,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": None,
            "ending_balance": balance,
            "invoice": None,
            "livemode": False,
            "metadata": {},
            "type": kind,
            **fields,
        }
    )
    events.change(work, "customer.updated", customer, balance=balance, currency=customer["currency"] or currency)
    return transaction


KIND = Kind(KIND_NAME, expands={"customer": "customer", "invoice": "invoice"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_transactions),
    Endpoint("GET", TRANSACTION, retrieve),
    Endpoint("POST", TRANSACTION, update),
]
