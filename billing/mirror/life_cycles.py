"""How objects of Stripe's grow old: what can be told of the order of two states by what they are."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.stripe_gateway import JSONObject


@dataclass(frozen=True)
class LifeCycle:
    """Of one type of object.

    `stages`: groups of statuses; an object never returns to an earlier group, so what is in the last one is final. It
    binds the status alone: anything else may still change, and an uncollectible invoice can still be paid.
    `turns`: types of events in the order in which they happen where both have the same stage; before the births there
    is nothing at all, after the ends nothing at all.
    """

    stages: tuple[frozenset[str], ...] = ()
    births: frozenset[str] = frozenset()
    turns: tuple[frozenset[str], ...] = ()
    ends: frozenset[str] = frozenset()

    def stage(self, data: JSONObject) -> int | None:
        """Which stage the object is in; None for a status that is not listed."""
        status = data.get("status")
        return next((index for index, stage in enumerate(self.stages) if status in stage), None)

    def is_final(self, data: JSONObject) -> bool:
        """Whether its status cannot change any more."""
        return bool(self.stages) and data.get("status") in self.stages[-1]

    def order(self, one: str | None, other: str | None) -> int:
        """1 where the second of two types of events happens after the first, -1 before it, 0 where nobody can tell."""
        if one == other:
            return 0
        if one in self.births or other in self.ends:
            return 1
        if one in self.ends or other in self.births:
            return -1
        mine, theirs = self._turn(one), self._turn(other)
        return 0 if mine is None or theirs is None else (theirs > mine) - (theirs < mine)

    def _turn(self, event_type: str | None) -> int | None:
        return next((index for index, turn in enumerate(self.turns) if event_type in turn), None)


def _words(*groups: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(group.split()) for group in groups)


def _events(prefix: str, words: str) -> frozenset[str]:
    return frozenset(f"{prefix}.{word}" for word in words.split())


# Statuses: STRIPE.md 1.2, 2.2, 4.3, 4.5. Types of events that only final statuses have need no place here.
LIFE_CYCLES: Mapping[str, LifeCycle] = {
    "customer": LifeCycle(births=_events("customer", "created")),
    "product": LifeCycle(births=_events("product", "created")),
    "price": LifeCycle(births=_events("price", "created")),
    "payment_method": LifeCycle(
        births=_events("payment_method", "attached"), ends=_events("payment_method", "detached")
    ),
    "mandate": LifeCycle(),
    "setup_intent": LifeCycle(
        stages=_words("requires_payment_method requires_confirmation requires_action processing", "succeeded canceled"),
        births=_events("setup_intent", "created"),
    ),
    "checkout.session": LifeCycle(stages=_words("open", "complete expired")),
    "subscription": LifeCycle(
        stages=_words("incomplete", "trialing active past_due unpaid paused", "canceled incomplete_expired"),
        births=_events("customer.subscription", "created"),
    ),
    "invoice": LifeCycle(
        stages=_words("draft", "open", "uncollectible", "paid void"),
        births=_events("invoice", "created"),
        turns=(
            _events("invoice", "finalized"),
            _events("invoice", "payment_failed payment_action_required payment_attempt_required"),
        ),
    ),
    "invoice_payment": LifeCycle(stages=_words("open", "paid canceled")),
    "payment_intent": LifeCycle(
        stages=_words(
            "requires_payment_method requires_confirmation requires_action processing requires_capture",
            "succeeded canceled",
        ),
        births=_events("payment_intent", "created"),
    ),
    # An inquiry may become a dispute, never the other way; what was lost may be appealed, so nothing binds the losers.
    "dispute": LifeCycle(
        stages=_words(
            "warning_needs_response",
            "warning_under_review",
            "needs_response",
            "under_review",
            "warning_closed won lost prevented",
        ),
        births=_events("charge.dispute", "created"),
        turns=(
            _events("charge.dispute", "funds_withdrawn"),
            _events("charge.dispute", "closed"),
            _events("charge.dispute", "funds_reinstated"),
        ),
    ),
    # What has succeeded can still come back: https://docs.stripe.com/refunds#failed-refunds
    "refund": LifeCycle(
        stages=_words("pending requires_action", "succeeded", "failed canceled"), births=_events("refund", "created")
    ),
}
