"""The customer's balance and an invoice: credit lowers what is due, a debt raises it.

Stripe, "Customer balance": applied when the invoice is finalized; what a negative invoice leaves is credit; an amount
below the least that can be charged is not charged but owed on the next invoice.
"""

from sandbox import money
from sandbox.resources import customer_balance
from sandbox.work import Object, Work


def look(work: Work, invoice: Object) -> None:
    """Show on a draft what would be due now."""
    start = _balance(work, invoice)
    due, _ = _settled(invoice, start)
    invoice.update(starting_balance=start, amount_due=due, amount_remaining=due)


def settle(work: Work, invoice: Object) -> None:
    """Apply the balance to an invoice that is being finalized, and keep what is left with the customer."""
    start = _balance(work, invoice)
    due, end = _settled(invoice, start)
    invoice.update(starting_balance=start, ending_balance=end, amount_due=due, amount_remaining=due)
    if end != start:
        kind = "invoice_too_small" if end > 0 else "applied_to_invoice"
        customer = work.get("customer", invoice["customer"])
        customer_balance.move(work, customer, end - start, invoice["currency"], kind, invoice=invoice["id"])


def take_back(work: Work, invoice: Object) -> None:
    """Give the customer back what a void invoice had taken of the balance, or take what it had added."""
    start, end = invoice["starting_balance"], invoice["ending_balance"]
    if end is not None and end != start:
        customer = work.get("customer", invoice["customer"])
        move = start - end
        customer_balance.move(
            work, customer, move, invoice["currency"], "unapplied_from_invoice", invoice=invoice["id"]
        )


def ending(invoice: Object) -> int:
    """The balance that would be left if a draft were finalized now."""
    return _settled(invoice, invoice["starting_balance"])[1]


def _settled(invoice: Object, start: int) -> tuple[int, int]:
    """What is due, and the balance afterwards."""
    owed = invoice["total"] + start
    if owed < money.smallest(invoice["currency"]):
        return 0, owed
    return owed, 0


def _balance(work: Work, invoice: Object) -> int:
    """The balance is in the customer's one currency and pays nothing in another."""
    customer = work.get("customer", invoice["customer"])
    same = customer["currency"] in (None, invoice["currency"])
    return int(customer["balance"]) if same else 0
