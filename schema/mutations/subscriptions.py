"""Starting subscriptions."""

import strawberry

from billing import subscriptions
from schema.context import Info
from schema.errors import expose
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.nouns import Payment, Subscription
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import JSON


@described_input
class SubscriptionItemInput:
    """One price, and how many of it."""

    price_id: strawberry.ID = strawberry.field(description="Which price.")
    quantity: int = strawberry.field(default=1, description="How many.")


def items_of(given: list[SubscriptionItemInput], *path: str) -> list[subscriptions.Item]:
    """The domain's items. Raises NotFound, below `path`, for an id that is none of a price."""
    return [
        subscriptions.Item(given_id(each.price_id, "price", *path, "items", str(at), "priceId"), each.quantity)
        for at, each in enumerate(given)
    ]


@described_input
class CreateSubscriptionInput:
    """What is to be billed, to whom, with what."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    items: list[SubscriptionItemInput] = strawberry.field(description="The whole wanted set.")
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the customer's default method."
    )
    consent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the active consent that covers it."
    )
    trial_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the longest trial of its prices, if any. For keys only."
    )
    coupon: str | None = strawberry.field(default=strawberry.UNSET, description="Stripe's id of it. For keys only.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The merchant's own values: an object of strings. For keys only."
    )
    preview_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="If given, everything else must be what was previewed. It serves one call and its repetitions.",
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class CreateSubscriptionPayload(Payload):
    """What came of createSubscription."""

    subscription: Subscription | None = produced(
        "The subscription; with AuthenticationRequired it is incomplete and waits 23 hours."
    )
    payment: Payment | None = produced("The payment of its first invoice.")


@strawberry.type
class SubscriptionMutations:
    """What can be done with them."""

    @mutation(
        CreateSubscriptionPayload,
        "Starts a subscription within a consent and pays its first invoice with the saved method, off-session.",
        customers=True,
        errors="InvalidInput NotFound NotAllowed InvalidTransition ConsentRequired ConsentScopeExceeded PreviewStale "
        "PaymentMethodUnusable PaymentMethodLimit PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict "
        "StripeRejected StripeUnavailable",
    )
    async def create_subscription(self, info: Info, input: CreateSubscriptionInput) -> CreateSubscriptionPayload:
        wanted = subscriptions.NewSubscription(
            customer_id=given_id(input.customer_id, "customer", "customerId"),
            items=items_of(input.items),
            payment_method_id=optional_id(input.payment_method_id, "payment_method", "paymentMethodId"),
            consent_id=optional_id(input.consent_id, "consent", "consentId"),
            trial_days=left_in(input.trial_days),
            coupon=left_in(input.coupon),
            metadata=left_in(input.metadata),
            preview_token=left_in(input.preview_token),
        )
        created = await subscriptions.create(
            info.context.runtime, acting(info), wanted, idempotency_key=input.idempotency_key
        )
        return CreateSubscriptionPayload(
            subscription=reference(created.subscription_id),
            payment=reference(created.payment_id),
            error=expose(created.error) if created.error else None,
        )
