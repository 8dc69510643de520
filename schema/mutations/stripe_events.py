"""Applying a stored event again."""

import strawberry

from billing import applier
from billing.tables import KeyScope
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, given_id, mutation, produced
from schema.nouns import StripeEvent
from schema.reads import described
from schema.reads.reading import reference


@described_input
class ReplayStripeEventInput:
    """Which event is to be applied again."""

    event_id: strawberry.ID = strawberry.field(description="Which.")


@described
class ReplayStripeEventPayload(Payload):
    """What came of replayStripeEvent."""

    event: StripeEvent | None = produced("The event, received again; it is applied in a moment.")


@strawberry.type
class StripeEventMutations:
    """What can be done with them."""

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
        return ReplayStripeEventPayload(event=reference(event_id))
