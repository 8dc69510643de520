"""The mirror: what Stripe has, as far as we were told, in tables of our own.

Each object of Stripe's is stored as its latest known JSON, and its row is derived from that. News come as events, late,
twice and out of order, or as answers of the API; `deciding` tells which of them are newer than what is known.
"""

from billing.mirror.deciding import Decision
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.mirror.learning import Learned, gone, learn, record
from billing.mirror.news import Known
from billing.mirror.owners import NotOurs, ParentUnknown

__all__ = [
    "SUBSCRIBED_EVENTS",
    "Decision",
    "Known",
    "Learned",
    "NotOurs",
    "ParentUnknown",
    "gone",
    "learn",
    "record",
]
