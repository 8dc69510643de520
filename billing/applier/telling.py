"""What an event tells, read from its body."""

import json
from dataclasses import dataclass
from typing import Self

from billing.mirror import Known
from billing.mirror.scrubbing import scrub_fields
from billing.stripe_gateway import JSONObject
from billing.tables import StripeEvent


@dataclass(frozen=True)
class Told:
    """An event and its body."""

    event: StripeEvent
    body: JSONObject

    @classmethod
    def by(cls, event: StripeEvent) -> Self:
        """What this event tells."""
        return cls(event, json.loads(event.payload))

    @property
    def data(self) -> JSONObject:
        """The object as it was then."""
        return dict(self.body["data"]["object"])

    @property
    def known(self) -> Known:
        """How it is known: at one second."""
        previous: JSONObject | None = self.body["data"].get("previous_attributes")
        return Known(self.second, self.second, self.event.stripe_id, self.event.type, previous)

    @property
    def second(self) -> int:
        """Stripe's second of it."""
        return int(self.body["created"])

    def with_object(self, data: JSONObject) -> "Told":
        """The same with another snapshot."""
        return Told(self.event, {**self.body, "data": {**self.body["data"], "object": data}})

    def without_person(self) -> str:
        """The body without personal values, for a customer who was redacted."""
        type = self.data["object"]
        data = {name: scrub_fields(each, type) if each else each for name, each in self.body["data"].items()}
        return json.dumps({**self.body, "data": data}, separators=(",", ":"))
