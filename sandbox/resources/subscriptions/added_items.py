"""One-time amounts that are billed together with a subscription: `add_invoice_items`."""

from sandbox.errors import InvalidRequest
from sandbox.resources.invoice_items import items as invoice_items
from sandbox.wire.params import Params
from sandbox.work import Object, Work

MOST = 20


def add(work: Work, subscription: Object, params: Params) -> list[Object]:
    """The invoice items that `add_invoice_items` asks for, stored; they wait for the subscription's next invoice."""
    given = list(params.each("add_invoice_items"))
    if len(given) > MOST:
        raise InvalidRequest(f"You may pass up to {MOST} items.", param="add_invoice_items")
    return [
        invoice_items.add_priced(work, subscription, each, f"add_invoice_items[{index}]")
        for index, each in enumerate(given)
    ]
