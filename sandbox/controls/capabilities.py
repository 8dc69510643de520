"""What Stripe decides about a payment method: whether the account may use it, and what it wants to know first."""

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.resources import accounts, capabilities
from sandbox.work import Object, Work


def review(work: Work, fields: Fields) -> Object:
    """Give a `capability` this `status`; `due` are the requirements that are open, with commas between them."""
    name = fields.choice("capability", tuple(capabilities.METHODS), "amazon_pay_payments")
    status = fields.choice("status", capabilities.STATUSES)
    due = [each.strip() for each in (fields.optional("due") or "").split(",") if each.strip()]
    return capabilities.decide(work, accounts.current(work)["id"], name, status, due)


CONTROLS = (Control("capabilities/review", review),)
