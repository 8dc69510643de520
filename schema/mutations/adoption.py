"""Putting subscriptions that were made elsewhere under a consent."""

import strawberry

from billing import renewals
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, mutation, produced
from schema.nouns import Subscription
from schema.reads import described
from schema.reads.reading import reference


@described_input
class AdoptSubscriptionInput:
    """Which subscription is to rest on which consent."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    consent_id: strawberry.ID = strawberry.field(description="An active consent of the same customer that covers it.")


@described
class AdoptSubscriptionPayload(Payload):
    """What came of adoptSubscription."""

    subscription: Subscription | None = produced("As it is now: managed.")


@strawberry.type
class AdoptionMutations:
    """What can be done with them."""

    @mutation(
        AdoptSubscriptionPayload,
        "Puts a subscription that was made elsewhere under a consent. It keeps the method that it was charged to; its "
        "renewals are held to the consent from then on.",
        errors="NotFound InvalidTransition ConsentRequired ConsentScopeExceeded PaymentMethodUnusable Conflict "
        "StripeRejected StripeUnavailable",
    )
    async def adopt_subscription(self, info: Info, input: AdoptSubscriptionInput) -> AdoptSubscriptionPayload:
        adopted = await renewals.adopt(
            info.context.runtime,
            acting(info),
            given_id(input.subscription_id, "subscription", "subscriptionId"),
            consent_id=given_id(input.consent_id, "consent", "consentId"),
        )
        return AdoptSubscriptionPayload(subscription=reference(adopted))
