"""Starting and ending subscriptions."""

import strawberry

from billing import subscriptions
from schema.context import Info
from schema.enums import CancellationTiming
from schema.errors import expose
from schema.mutations.plumbing import Payload, given_id, left_in, made, mutation, optional_id
from schema.payments import Payment
from schema.scalars import JSON
from schema.subscriptions import Subscription


@strawberry.input(description="One price, and how many of it.")
class SubscriptionItemInput:
    price_id: strawberry.ID = strawberry.field(description="Which price.")
    quantity: int = strawberry.field(default=1, description="How many.")


@strawberry.input(description="What is to be billed, to whom, with what.")
class CreateSubscriptionInput:
    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    items: list[SubscriptionItemInput] = strawberry.field(description="The whole wanted set.")
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the customer's default method."
    )
    consent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the active consent that covers it."
    )
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The merchant's own values: an object of strings. For keys only."
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@strawberry.type(description="What came of createSubscription.")
class CreateSubscriptionPayload(Payload):
    subscription: Subscription | None = made(
        Subscription, "The subscription; with AuthenticationRequired it is incomplete and waits 23 hours."
    )
    payment: Payment | None = made(Payment, "The payment of its first invoice.")


@strawberry.input(description="Which subscription ends, and when.")
class CancelSubscriptionInput:
    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    timing: CancellationTiming = strawberry.field(default=CancellationTiming.PERIOD_END, description="When it ends.")
    reason: str | None = strawberry.field(default=strawberry.UNSET, description="In the customer's words; kept at Stripe.")


@strawberry.type(description="What came of cancelSubscription.")
class CancelSubscriptionPayload(Payload):
    subscription: Subscription | None = made(Subscription, "As it is now.")


@strawberry.type
class SubscriptionMutations:
    @mutation(
        CreateSubscriptionPayload,
        "Starts a subscription within a consent and pays its first invoice with the saved method, the customer being away.",
        customers=True,
        errors="InvalidInput NotFound NotAllowed InvalidTransition ConsentRequired ConsentScopeExceeded "
        "PaymentMethodUnusable PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict StripeRejected "
        "StripeUnavailable",
    )
    async def create_subscription(self, info: Info, input: CreateSubscriptionInput) -> CreateSubscriptionPayload:
        wanted = subscriptions.NewSubscription(
            customer_id=given_id(input.customer_id, "customer", "customerId"),
            items=[
                subscriptions.Item(given_id(each.price_id, "price", "items", str(at), "priceId"), each.quantity)
                for at, each in enumerate(input.items)
            ],
            payment_method_id=optional_id(input.payment_method_id, "payment_method", "paymentMethodId"),
            consent_id=optional_id(input.consent_id, "consent", "consentId"),
            metadata=left_in(input.metadata),
        )
        created = await subscriptions.create(
            info.context.runtime, info.context.caller, wanted, idempotency_key=input.idempotency_key
        )
        return CreateSubscriptionPayload(
            made={"subscription": created.subscription_id, "payment": created.payment_id},
            error=expose(created.error) if created.error else None,
        )

    @mutation(
        CancelSubscriptionPayload,
        "Ends a subscription, at once or with its period. It refunds nothing.",
        customers=True,
        errors="NotFound InvalidInput InvalidTransition Conflict StripeRejected StripeUnavailable",
    )
    async def cancel_subscription(self, info: Info, input: CancelSubscriptionInput) -> CancelSubscriptionPayload:
        canceled = await subscriptions.cancel(
            info.context.runtime,
            info.context.caller,
            given_id(input.subscription_id, "subscription", "subscriptionId"),
            timing=subscriptions.CancellationTiming(input.timing.value),
            reason=left_in(input.reason),
        )
        return CancelSubscriptionPayload(made={"subscription": canceled})
