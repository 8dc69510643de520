"""Previewing subscriptions, and changing them."""

from dataclasses import replace
from typing import Any

import strawberry

from billing import subscriptions
from billing.errors import BillingError, InvalidInput, NotFound
from schema.context import Info
from schema.errors import expose
from schema.inputs import described_input, one_of_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.mutations.subscriptions import SubscriptionItemInput, items_of
from schema.nouns import Payment, Subscription
from schema.previews import SubscriptionPreview, show
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import JSON


@described_input
class NewSubscriptionInput:
    """A subscription that there is not yet."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    items: list[SubscriptionItemInput] = strawberry.field(description="The whole wanted set.")
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What would be charged; it does not move the price."
    )
    consent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the active consent that covers it."
    )
    trial_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the longest trial of its prices, if any. For keys only."
    )
    coupon: str | None = strawberry.field(default=strawberry.UNSET, description="Stripe's id of it. For keys only.")


@described_input
class SubscriptionChangeInput:
    """What a subscription is to bill instead."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    items: list[SubscriptionItemInput] = strawberry.field(description="The whole wanted set.")
    prorate: bool = strawberry.field(
        default=True, description="Whether the rest of the period is billed at once, or credited. False: for keys only."
    )
    coupon: str | None = strawberry.field(default=strawberry.UNSET, description="Stripe's id of it. For keys only.")


@one_of_input
class PreviewSubscriptionInput:
    """Either of the two."""

    create: NewSubscriptionInput | None = strawberry.field(default=strawberry.UNSET, description="A new one.")
    change: SubscriptionChangeInput | None = strawberry.field(default=strawberry.UNSET, description="Another one.")


@described
class PreviewSubscriptionPayload(Payload):
    """What came of previewSubscription."""

    preview: SubscriptionPreview | None = strawberry.field(default=None, description="What it would cost.")


@described_input
class UpdateSubscriptionInput:
    """What is to become of a subscription; what is left out stays as it is."""

    subscription_id: strawberry.ID = strawberry.field(description="Which.")
    items: list[SubscriptionItemInput] | None = strawberry.field(
        default=strawberry.UNSET, description="The whole wanted set."
    )
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="What is charged from now on, this change included."
    )
    consent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: its own, or another active one that covers it."
    )
    coupon: str | None = strawberry.field(default=strawberry.UNSET, description="Stripe's id of it. For keys only.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Keys to set; one with a null value is removed. For keys only."
    )
    prorate: bool = strawberry.field(
        default=True, description="Whether the rest of the period is billed at once, or credited. False: for keys only."
    )
    preview_token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="If given, everything else must be what was previewed. It serves one call and its repetitions.",
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class UpdateSubscriptionPayload(Payload):
    """What came of updateSubscription."""

    subscription: Subscription | None = produced(
        "As it is now; with AuthenticationRequired it is as before until the payment is confirmed, within 23 hours."
    )
    payment: Payment | None = produced("What was paid for the change, if something was due at once.")


@strawberry.type
class SubscriptionChangeMutations:
    """What can be asked of their price, and changed."""

    @mutation(
        PreviewSubscriptionPayload,
        "What a new subscription, or a change of one, would cost now and next. It makes nothing.",
        customers=True,
        errors="InvalidInput NotFound NotAllowed InvalidTransition ConsentRequired PaymentMethodUnusable Conflict "
        "StripeRejected StripeUnavailable",
    )
    async def preview_subscription(self, info: Info, input: PreviewSubscriptionInput) -> PreviewSubscriptionPayload:
        wanted = _new(input.create) if input.create else _change(input.change)
        try:
            preview = await subscriptions.preview(info.context.runtime, acting(info), wanted)
        except (NotFound, InvalidInput) as error:
            raise _within(error, "create" if input.create else "change") from error
        return PreviewSubscriptionPayload(preview=show(preview))

    @mutation(
        UpdateSubscriptionPayload,
        "Changes what a subscription bills, within its consent, or with what it is paid. What is due at once is paid "
        "with the change, off-session; unpaid, nothing is changed but the method.",
        customers=True,
        errors="InvalidInput NotFound NotAllowed InvalidTransition ConsentRequired ConsentScopeExceeded PreviewStale "
        "PaymentMethodUnusable PaymentMethodLimit PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict "
        "StripeRejected StripeUnavailable",
    )
    async def update_subscription(self, info: Info, input: UpdateSubscriptionInput) -> UpdateSubscriptionPayload:
        given = left_in(input.items)
        wanted = subscriptions.SubscriptionChange(
            subscription_id=given_id(input.subscription_id, "subscription", "subscriptionId"),
            items=None if given is None else items_of(given),
            payment_method_id=optional_id(input.payment_method_id, "payment_method", "paymentMethodId"),
            consent_id=optional_id(input.consent_id, "consent", "consentId"),
            coupon=left_in(input.coupon),
            metadata=left_in(input.metadata),
            prorate=input.prorate,
            preview_token=left_in(input.preview_token),
        )
        updated = await subscriptions.update(
            info.context.runtime, acting(info), wanted, idempotency_key=input.idempotency_key
        )
        return UpdateSubscriptionPayload(
            subscription=reference(updated.subscription_id),
            payment=reference(updated.payment_id),
            error=expose(updated.error) if updated.error else None,
        )


def _within(error: NotFound | InvalidInput, part: str) -> BillingError:
    """The domain's error, whose paths begin at `input`, for a part of the input."""
    if isinstance(error, NotFound):
        return replace(error, path=("input", part, *error.path[1:]))
    problems = [replace(each, path=("input", part, *each.path[1:])) for each in error.problems]
    return InvalidInput(problems=tuple(problems))


def _new(given: Any) -> subscriptions.NewSubscription:
    at = "create"
    return subscriptions.NewSubscription(
        customer_id=given_id(given.customer_id, "customer", at, "customerId"),
        items=items_of(given.items, at),
        payment_method_id=optional_id(given.payment_method_id, "payment_method", at, "paymentMethodId"),
        consent_id=optional_id(given.consent_id, "consent", at, "consentId"),
        trial_days=left_in(given.trial_days),
        coupon=left_in(given.coupon),
    )


def _change(given: Any) -> subscriptions.SubscriptionChange:
    if not given:
        raise InvalidInput.at("input", message="Give either create or change.")
    at = "change"
    return subscriptions.SubscriptionChange(
        subscription_id=given_id(given.subscription_id, "subscription", at, "subscriptionId"),
        items=items_of(given.items, at),
        coupon=left_in(given.coupon),
        prorate=given.prorate,
    )
