"""News of one object of Stripe's, and how we know it."""

from dataclasses import dataclass
from datetime import datetime

from billing.mirror.fields import instant
from billing.mirror.states import digest, put_back
from billing.stripe_gateway import JSONObject

# The object is gone after these; a canceled subscription is not, nor is a detached payment method.
DELETIONS = frozenset({"customer.deleted", "product.deleted", "price.deleted", "invoice.deleted"})


@dataclass(frozen=True)
class Known:
    """The seconds, by Stripe's clock, within which it was so: one for an event, the window of the call for an answer.

    The rest belongs to an event; `previous` is its `previous_attributes`.
    """

    known_from: int
    known_until: int
    event_id: str | None = None
    event_type: str | None = None
    previous: JSONObject | None = None

    @property
    def embedded(self) -> "Known":
        """How we know an object that came inside of another one: not by an event of its own."""
        return Known(self.known_from, self.known_until)


@dataclass(frozen=True)
class News:
    """One object as we are told it is, and as it was before where that is told too."""

    data: JSONObject
    previous: JSONObject | None
    known: Known
    state: str
    earlier: str | None

    @classmethod
    def of(cls, data: JSONObject, previous: JSONObject | None, known: Known) -> "News":
        """`data` and `previous` without what is embedded in them."""
        earlier = None if previous is None else digest(put_back(data, previous))
        return cls(data, previous, known, digest(data), earlier)

    @property
    def id(self) -> str:
        """Stripe's id of the object."""
        return str(self.data["id"])

    @property
    def type(self) -> str:
        """Stripe's word for the kind of object."""
        return str(self.data["object"])

    @property
    def created_at(self) -> datetime:
        """When Stripe made the object."""
        return instant(self.data["created"])

    @property
    def at(self) -> datetime:
        """When it was so, at the latest."""
        return instant(self.known.known_until)

    @property
    def is_stub(self) -> bool:
        """Whether all it says is that the object was deleted."""
        return bool(self.data.get("deleted"))

    @property
    def is_deletion(self) -> bool:
        """Whether the object is gone."""
        return self.is_stub or self.known.event_type in DELETIONS
