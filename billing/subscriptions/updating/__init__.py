"""Changing a subscription: looked at, reckoned at Stripe, held to the consent, changed; or nothing of it.

What is to be paid at once is charged with the change itself (`pending_if_incomplete`): Stripe applies the change once
that is paid, so an unpaid one is never in force.
"""

from billing.subscriptions.updating.beginning import Updated, update
from billing.subscriptions.updating.procedure import UPDATE

__all__ = ["UPDATE", "Updated", "update"]
