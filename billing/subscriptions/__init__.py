"""Subscriptions: started within a consent, paid with a saved method, paused, and ended."""

from billing.subscriptions.canceling import CANCEL, CancellationTiming, cancel
from billing.subscriptions.creating import CREATE, Created, NewSubscription, create
from billing.subscriptions.pausing import PAUSE, pause
from billing.subscriptions.pricing import Item
from billing.subscriptions.reactivating import REACTIVATE, reactivate
from billing.subscriptions.reading import get
from billing.subscriptions.resuming import RESUME, Resumed, resume

__all__ = [
    "CANCEL",
    "CREATE",
    "PAUSE",
    "REACTIVATE",
    "RESUME",
    "CancellationTiming",
    "Created",
    "Item",
    "NewSubscription",
    "Resumed",
    "cancel",
    "create",
    "get",
    "pause",
    "reactivate",
    "resume",
]
