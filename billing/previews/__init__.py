"""Previews: what a new subscription, or a change of one, would cost, and the token that holds whoever uses it to that.

A preview is a row, so its token is short, says nothing by itself, and is of no use with another customer or for
another call than the first that came to something.
"""

from billing.previews.figures import Figures, Line, read, told
from billing.previews.keeping import STALE, Preview, bind, find, keep, load, require_first, require_same, take

__all__ = [
    "STALE",
    "Figures",
    "Line",
    "Preview",
    "bind",
    "find",
    "keep",
    "load",
    "read",
    "require_first",
    "require_same",
    "take",
    "told",
]
