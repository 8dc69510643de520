"""Applying a stored event again."""

import strawberry

from billing import applier
from billing.tables import KeyScope
from schema.context import Info
from schema.mutations.plumbing import Payload, given_id, made, mutation
from schema.stripe_events import StripeEvent


@strawberry.input(description="Which event is to be applied again.")
class ReplayStripeEventInput:
    event_id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.type(description="What came of replayStripeEvent.")
class ReplayStripeEventPayload(Payload):
    event: StripeEvent | None = made(StripeEvent, "The event, received again; it is applied in a moment.")


@strawberry.type
class StripeEventMutations:
    @mutation(
        ReplayStripeEventPayload,
        "Applies a stored event once more, by the same rules of order: what is newer stays.",
        scope=KeyScope.ADMIN,
        errors="NotFound",
    )
    async def replay_stripe_event(self, info: Info, input: ReplayStripeEventInput) -> ReplayStripeEventPayload:
        runtime = info.context.runtime
        event_id = given_id(input.event_id, "stripe_event", "eventId")
        async with runtime.database.transaction() as session:
            await applier.replay(session, event_id, now=runtime.clock())
        return ReplayStripeEventPayload(made={"event": event_id})
