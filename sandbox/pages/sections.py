"""The kinds of objects on the sandbox's own page: what is told of each, and what can be done to it there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.money import money
from sandbox.pages.payments import label
from sandbox.resources.disputes import deciding
from sandbox.work import Object, Work


@dataclass(frozen=True)
class Action:
    """A button: what it says, the control it presses, and the fields that it sends."""

    label: str
    control: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """A kind of object: a column that says what it is about, the page it has, if any, and its buttons."""

    kind: str
    title: str
    column: str
    text: Callable[[Work, Object], str]
    page: Callable[[Work, Object], str | None] = lambda _, __: None
    actions: Callable[[Object], list[Action]] = lambda _: []


def customer_of(work: Work, obj: Object) -> str:
    """The e-mail address of an object's customer, or what else is known of them."""
    customer = work.find("customer", obj["customer"] or "") or {}
    return customer.get("email") or obj["customer"] or ""


def amount_of(_work: Work, obj: Object) -> str:
    """What it is about."""
    return money(obj["amount"], obj["currency"])


def dispute_text(work: Work, obj: Object) -> str:
    """How much for which reason."""
    return f"{amount_of(work, obj)}, {obj['reason'].replace('_', ' ')}"


def payment_page(work: Work, intent: Object) -> str | None:
    """Where the customer pays it, while there is something to do."""
    if intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        return None
    return work.sandbox.url(f"/pay/{intent['client_secret']}")


def method_text(work: Work, method: Object) -> str:
    """Which one, and whose."""
    owner = customer_of(work, method)
    return f"{label(method)} of {owner}" if owner else label(method)


def of_payment(intent: Object) -> list[Action]:
    """A payment that succeeded can be disputed."""
    if intent["status"] != "succeeded":
        return []
    return [Action("Dispute", "disputes/open", {"payment_intent": intent["id"]})]


def of_refund(refund: Object) -> list[Action]:
    """A refund on its way arrives or does not."""
    if refund["status"] != "pending":
        return []
    return [Action(name, f"refunds/{name.lower()}", {"refund": refund["id"]}) for name in ("Settle", "Fail")]


def of_dispute(dispute: Object) -> list[Action]:
    """An open dispute is decided."""
    if dispute["status"] in deciding.CLOSED:
        return []
    return [Action(name, f"disputes/{name.lower()}", {"dispute": dispute["id"]}) for name in ("Win", "Lose")]


def of_method(method: Object) -> list[Action]:
    """A saved method can be made to fail, and Amazon's permission can be withdrawn."""
    if method["customer"] is None:
        return []
    fail = Action("Fail next payment", "payments/fail_next", {"payment_method": method["id"]})
    if method["type"] != "amazon_pay":
        return [fail]
    revoke = {"payment_method": method["id"]}
    only = Action("Revoke the mandate only", "permissions/revoke", {**revoke, "how": "mandate"})
    return [fail, Action("Revoke", "permissions/revoke", revoke), only]


SECTIONS = (
    Section("customer", "Customers", "E-mail", lambda _, each: each["email"] or each["name"] or ""),
    Section("checkout.session", "Checkout sessions", "Customer", customer_of, lambda _, each: each["url"]),
    Section("subscription", "Subscriptions", "Customer", customer_of),
    Section(
        "invoice",
        "Invoices",
        "Total",
        lambda _, each: money(each["total"], each["currency"]),
        lambda _, each: each.get("hosted_invoice_url"),
    ),
    Section("payment_intent", "Payments", "Amount", amount_of, payment_page, of_payment),
    Section("payment_method", "Payment methods", "Method", method_text, actions=of_method),
    Section("refund", "Refunds", "Amount", amount_of, actions=of_refund),
    Section("dispute", "Disputes", "Amount and reason", dispute_text, actions=of_dispute),
)
