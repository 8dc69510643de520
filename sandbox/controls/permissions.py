"""What a customer does in their Amazon account: withdraw the permission to charge it."""

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.resources import mandates, payment_methods
from sandbox.wire.params import Params
from sandbox.work import Object, Work

HOW = ("detach", "mandate")
"""Whether the method is detached with it, or only its mandates become inactive: Stripe does not say which it does."""


def revoke(work: Work, fields: Fields) -> Object:
    """Withdraw the permission behind a `payment_method`, in one of the two ways (`how`)."""
    method, how = fields.object(work, "payment_method"), fields.choice("how", HOW, "detach")
    if method["type"] != "amazon_pay":
        fields.refuse("payment_method", f"is a {method['type']}: send the id of an amazon_pay method")
    if how == "mandate":
        if not mandates.stands(work, method):
            fields.refuse("payment_method", "has no active mandate left: send another one")
        mandates.revoke(work, method["id"])
        return method
    return payment_methods.detach(work, method["id"], Params({}))


CONTROLS = (Control("permissions/revoke", revoke),)
