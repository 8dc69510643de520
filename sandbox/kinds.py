"""What a kind of object refers to: which fields hold ids that `expand` turns into objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.work import Object, Work

ANY = "any"
"""In place of a kind: the field holds ids of several."""


@dataclass(frozen=True)
class Kind:
    """One kind of Stripe object.

    `expands` maps a field (dotted inside a hash) to the kind whose id it holds, or to ANY. `includes` are fields that
    are absent unless they are expanded, with what computes them.
    """

    object: str
    expands: Mapping[str, str] = field(default_factory=dict)
    includes: Mapping[str, Callable[[Work, Object], Any]] = field(default_factory=dict)
