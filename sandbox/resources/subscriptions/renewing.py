"""The next period of a subscription: which items begin it, and their invoice."""

from sandbox.resources.invoices import building
from sandbox.resources.subscriptions import periods
from sandbox.work import Object, Work


def draw(work: Work, subscription: Object, due: int, *, extras: bool = True) -> Object:
    """Begin the next period of the items whose period ends at `due`, and draw the invoice of that (`building.draw`).

    The subscription is changed in place and not stored, and no event is sent: store it, tell of it, and `issue` the
    invoice. Renewals and previews of them run this alike.
    """
    begins = [item for item in subscription["items"]["data"] if item["current_period_end"] == due]
    before = min(item["current_period_start"] for item in begins)
    for item in begins:
        item.update(current_period_start=due, current_period_end=periods.following(subscription, item, due))
    invoice = building.draw(work, subscription, "subscription_cycle", begins, extras=extras)
    invoice.update(period_start=before, period_end=due)
    return invoice
