"""Subscriptions: started within a consent, paid with a saved method, paused, and ended."""

from billing.subscriptions.canceling import CANCEL, CancellationTiming, cancel
from billing.subscriptions.creating import CREATE, Created, create
from billing.subscriptions.pausing import PAUSE, pause
from billing.subscriptions.previewing import preview
from billing.subscriptions.pricing import Item
from billing.subscriptions.reactivating import REACTIVATE, reactivate
from billing.subscriptions.reading import get
from billing.subscriptions.resuming import RESUME, Resumed, resume
from billing.subscriptions.updating import UPDATE, Updated, update
from billing.subscriptions.wishes import NewSubscription, SubscriptionChange

__all__ = [
    "CANCEL",
    "CREATE",
    "PAUSE",
    "REACTIVATE",
    "RESUME",
    "UPDATE",
    "CancellationTiming",
    "Created",
    "Item",
    "NewSubscription",
    "Resumed",
    "SubscriptionChange",
    "Updated",
    "cancel",
    "create",
    "get",
    "pause",
    "preview",
    "reactivate",
    "resume",
    "update",
]
