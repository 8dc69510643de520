"""Making an invoice of a subscription: what belongs on it, and what that adds up to.

One pair of functions serves first invoices, renewals, changes and previews, so that each of them comes to the same:
`draw` works out the invoice from what is stored, and `issue` stores it and lets what is on it wait no more.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox import events
from sandbox.ids import new_id
from sandbox.resources import accounts, discounts
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.resources.invoices import balances, discounting, lines
from sandbox.wire.pagination import list_of
from sandbox.work import Object, Work


def draw(work: Work, subscription: Object, reason: str, items: Sequence[Object], *, extras: bool = True) -> Object:
    """A draft of a subscription, not stored yet.

    On it are: for each of `items` its current period (so move the periods on before), everything that waits for the
    subscription or its customer unless `extras` is off, the discounts of the subscription that
    apply now, and the customer's balance. `reason` is Stripe's `billing_reason`.
    """
    customer = work.get("customer", subscription["customer"])
    invoice = {**new(work, customer, subscription["currency"]), **of(subscription), "billing_reason": reason}
    invoice["discounts"] = discounts.active(work, subscription["discounts"])
    found = [lines.of_item(work, subscription, item) for item in items]
    if extras:
        found += [invoice_items.line(item) for item in invoice_items.waiting(work, subscription)]
    put_lines(work, invoice, found)
    return invoice


def issue(work: Work, invoice: Object, subscription: Object | None = None, *, spent: Iterable[str] = ()) -> Object:
    """Store a draft that was drawn and tell of it; what was waiting is on it now.

    Discounts that it used up (the `once` ones that took something off, those of `spent`, and those that are over) are
    taken away from the subscription, with `customer.discount.deleted`. The subscription itself is stored here as well,
    with the draft as its latest invoice, but its event is the caller's.
    """
    work.add(invoice)
    invoice_items.put_on(work, invoice)
    if subscription:
        subscription["latest_invoice"] = invoice["id"]
        if not subscription["pending_update"]:  # such a change uses discounts up when it is paid
            _use_up(work, invoice, subscription, set(spent))
        work.save(subscription)
    events.emit(work, "invoice.created", invoice)
    return invoice


def put_lines(work: Work, invoice: Object, found: list[Object]) -> None:
    """Give the invoice its lines, and the totals that follow from them, its discounts and the customer's balance."""
    discounting.apply(work, found, invoice["discounts"])
    data = [{**line, "invoice": invoice["id"], "subtotal": line["amount"]} for line in found]
    taken = _taken(data)
    subtotal = sum(line["amount"] for line in data)
    subtotal -= sum(amount for id, amount in taken.items() if id not in invoice["discounts"])
    total = sum(line["amount"] for line in data) - sum(taken.values())
    invoice.update(
        lines=list_of(data, f"/v1/invoices/{invoice['id']}/lines"),
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_discount_amounts=[{"amount": amount, "discount": id} for id, amount in taken.items()],
        total_excluding_tax=total,
        total_pretax_credit_amounts=[discounting.pretax(id, amount) for id, amount in taken.items()],
    )
    balances.look(work, invoice)


def _taken(data: list[Object]) -> dict[str, int]:
    """What each discount takes off in all."""
    taken: dict[str, int] = {}
    for line in data:
        for each in line["discount_amounts"]:
            taken[each["discount"]] = taken.get(each["discount"], 0) + each["amount"]
    return taken


def _use_up(work: Work, invoice: Object, subscription: Object, spent: set[str]) -> None:
    """A coupon for one invoice waits for the first one that it takes something off: not for that of a trial."""
    spent |= spent_on(work, invoice)
    for owner in (subscription, *subscription["items"]["data"]):
        active = discounts.active(work, owner["discounts"])
        discounts.remove(work, [id for id in owner["discounts"] if id in spent or id not in active])
        owner["discounts"] = [id for id in active if id not in spent]


def spent_on(work: Work, invoice: Object) -> set[str]:
    """The discounts for one invoice only that took something off this one."""
    taken = {each["discount"] for each in invoice["total_discount_amounts"] if each["amount"]}
    return {id for id in taken if discounts.is_once(work, id)}


def of(subscription: Object) -> dict[str, Any]:
    """What an invoice takes from its subscription."""
    return {
        "automatic_tax": automatic_tax(enabled=subscription["automatic_tax"]["enabled"]),
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": subscription["payment_settings"]["payment_method_types"],
        },
    }


def automatic_tax(*, enabled: bool) -> dict[str, Any]:
    """Tax is calculated, and comes to nothing: this merchant is registered nowhere."""
    return {
        "disabled_reason": None,
        "enabled": enabled,
        "liability": {"type": "self"} if enabled else None,
        "provider": "stripe" if enabled else None,
        "status": "complete" if enabled else None,
    }


def new(work: Work, customer: Object, currency: str) -> Object:
    """An empty draft."""
    account = accounts.current(work)
    return {
        **dict.fromkeys(ABSENT),
        "id": new_id("in"),
        "object": "invoice",
        **dict.fromkeys(NOTHING, 0),
        "account_country": account["country"],
        "account_name": work.sandbox.settings.merchant,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": automatic_tax(enabled=False),
        "collection_method": "charge_automatically",
        "created": work.now,
        "currency": currency,
        "customer": customer["id"],
        **{f"customer_{name}": customer[name] for name in COPIED},
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "livemode": False,
        "metadata": {},
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": work.now,
        "period_start": work.now,
        "status": "draft",
        "status_transitions": dict.fromkeys(("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")),
        "test_clock": work.clock,
        "total_discount_amounts": [],
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None if events.listeners(work, "invoice.created") else work.now,
    }


COPIED = ("address", "email", "name", "phone", "shipping", "tax_exempt")
"""What an invoice keeps of its customer as they were then."""
NOTHING = (
    "amount_due",
    "amount_overpaid",
    "amount_paid",
    "amount_paid_off_stripe",
    "amount_remaining",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
    "starting_balance",
    "subtotal",
    "total",
)
ABSENT = (
    "account_tax_ids",
    "application",
    "automatically_finalizes_at",
    "custom_fields",
    "customer_account",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "effective_at",
    "ending_balance",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "next_payment_attempt",
    "number",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "status_details",
)
