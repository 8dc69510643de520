"""Subscriptions: started within a consent, paid with a saved method, ended, and stopped when the consent ends."""

from billing.subscriptions.canceling import CANCEL, CancellationTiming, cancel
from billing.subscriptions.creating import CREATE, Created, NewSubscription, create
from billing.subscriptions.pricing import Item
from billing.subscriptions.reading import get
from billing.subscriptions.stopping import STOP, stop

__all__ = [
    "CANCEL",
    "CREATE",
    "STOP",
    "CancellationTiming",
    "Created",
    "Item",
    "NewSubscription",
    "cancel",
    "create",
    "get",
    "stop",
]
