"""Ending, pausing and resuming subscriptions."""

from datetime import datetime

import strawberry

from billing import subscriptions
from schema.context import Info
from schema.enums import CancellationTiming
from schema.errors import expose
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, produced
from schema.nouns import Payment, Subscription
from schema.reads import described
from schema.reads.reading import reference


@described_input
class CancelSubscriptionInput:
    """Which subscription ends, and when."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    timing: CancellationTiming = strawberry.field(default=CancellationTiming.PERIOD_END, description="When it ends.")
    reason: str | None = strawberry.field(
        default=strawberry.UNSET, description="In the customer's words; kept at Stripe."
    )


@described
class CancelSubscriptionPayload(Payload):
    """What came of cancelSubscription."""

    subscription: Subscription | None = produced("As it is now.")


@described_input
class ReactivateSubscriptionInput:
    """Which subscription is not to end after all."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")


@described
class ReactivateSubscriptionPayload(Payload):
    """What came of reactivateSubscription."""

    subscription: Subscription | None = produced("As it is now.")


@described_input
class PauseSubscriptionInput:
    """Which subscription is to stand still, and until when."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    resumes_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it is charged again by itself; left out: when it is resumed."
    )


@described
class PauseSubscriptionPayload(Payload):
    """What came of pauseSubscription."""

    subscription: Subscription | None = produced("As it is now.")


@described_input
class ResumeSubscriptionInput:
    """Which subscription is to go on."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class ResumeSubscriptionPayload(Payload):
    """What came of resumeSubscription."""

    subscription: Subscription | None = produced("As it is now; with an error it stands still as before.")
    payment: Payment | None = produced("The payment of the invoice with which it goes on, where there is one.")


@strawberry.type
class SubscriptionLifeMutations:
    """What can be done with those that are there."""

    @mutation(
        CancelSubscriptionPayload,
        "Ends a subscription, at once or with its period. It refunds nothing, and nothing more is collected.",
        customers=True,
        errors="NotFound InvalidInput InvalidTransition Conflict StripeRejected StripeUnavailable",
    )
    async def cancel_subscription(self, info: Info, input: CancelSubscriptionInput) -> CancelSubscriptionPayload:
        canceled = await subscriptions.cancel(
            info.context.runtime,
            acting(info),
            given_id(input.subscription_id, "subscription", "subscriptionId"),
            timing=subscriptions.CancellationTiming(input.timing.value),
            reason=left_in(input.reason),
        )
        return CancelSubscriptionPayload(subscription=reference(canceled))

    @mutation(
        ReactivateSubscriptionPayload,
        "Takes back a cancellation that has not taken effect yet, where the consent still covers the subscription.",
        customers=True,
        errors="NotFound InvalidTransition ConsentRequired ConsentScopeExceeded Conflict StripeRejected "
        "StripeUnavailable",
    )
    async def reactivate_subscription(
        self, info: Info, input: ReactivateSubscriptionInput
    ) -> ReactivateSubscriptionPayload:
        reactivated = await subscriptions.reactivate(
            info.context.runtime, acting(info), given_id(input.subscription_id, "subscription", "subscriptionId")
        )
        return ReactivateSubscriptionPayload(subscription=reference(reactivated))

    @mutation(
        PauseSubscriptionPayload,
        "Stops the collection of a subscription: its periods go on, and what they would bill is void. What was billed "
        "before stays due.",
        errors="NotFound InvalidInput InvalidTransition ConsentRequired ConsentScopeExceeded Conflict StripeRejected "
        "StripeUnavailable",
    )
    async def pause_subscription(self, info: Info, input: PauseSubscriptionInput) -> PauseSubscriptionPayload:
        paused = await subscriptions.pause(
            info.context.runtime,
            acting(info),
            given_id(input.subscription_id, "subscription", "subscriptionId"),
            resumes_at=left_in(input.resumes_at),
        )
        return PauseSubscriptionPayload(subscription=reference(paused))

    @mutation(
        ResumeSubscriptionPayload,
        "Ends a pause, where the consent still covers the subscription. One that stood still itself begins a new "
        "period, which is paid with its saved method, off-session.",
        errors="NotFound InvalidInput InvalidTransition ConsentRequired ConsentScopeExceeded PaymentMethodUnusable "
        "PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict StripeRejected StripeUnavailable",
    )
    async def resume_subscription(self, info: Info, input: ResumeSubscriptionInput) -> ResumeSubscriptionPayload:
        resumed = await subscriptions.resume(
            info.context.runtime,
            acting(info),
            given_id(input.subscription_id, "subscription", "subscriptionId"),
            idempotency_key=input.idempotency_key,
        )
        return ResumeSubscriptionPayload(
            subscription=reference(resumed.subscription_id),
            payment=reference(resumed.payment_id),
            error=expose(resumed.error) if resumed.error else None,
        )
