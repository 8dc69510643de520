"""The inbox: Stripe's events, verified and stored before anything else happens. What follows is the applier's work."""

from billing.inbox.arrivals import LARGEST_PAYLOAD, Arrival, EventRefused, NotSigned, new_event
from billing.inbox.storing import Inbox, NotStored, insert, receive

__all__ = [
    "LARGEST_PAYLOAD",
    "Arrival",
    "EventRefused",
    "Inbox",
    "NotSigned",
    "NotStored",
    "insert",
    "new_event",
    "receive",
]
