"""Making and changing products and prices."""

import strawberry

from billing import catalogue
from schema.context import Info
from schema.inputs import BillingIntervalInput, MoneyInput, described_input, money
from schema.mutations.plumbing import Payload, acting, given, given_id, left_in, mutation, produced
from schema.nouns import Price, Product
from schema.reads import described
from schema.reads.reading import reference


@described_input
class CreateProductInput:
    """What is to be sold."""

    name: str = strawberry.field(description="Customers see it on invoices.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="Customers may see it.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class CreateProductPayload(Payload):
    """What came of createProduct."""

    product: Product | None = produced("The product.")


@described_input
class UpdateProductInput:
    """What is to change; what is left out stays."""

    product_id: strawberry.ID = strawberry.field(description="Which.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Customers see it on invoices.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="Null removes it.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether new prices may use it.")


@described
class UpdateProductPayload(Payload):
    """What came of updateProduct."""

    product: Product | None = produced("As it is now.")


@described_input
class CreatePriceInput:
    """What a product is to cost."""

    product_id: strawberry.ID = strawberry.field(description="Of what.")
    unit_amount: MoneyInput = strawberry.field(description="Of one, each interval or once.")
    interval: BillingIntervalInput | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: a one-off price."
    )
    lookup_key: str | None = strawberry.field(default=strawberry.UNSET, description="A name to find it by; unique.")
    trial_days: int | None = strawberry.field(
        default=strawberry.UNSET, description="How long new subscriptions to it are free, unless they say otherwise."
    )
    self_service: bool = strawberry.field(
        default=False, description="Whether customers may subscribe to it with their own token."
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class CreatePricePayload(Payload):
    """What came of createPrice."""

    price: Price | None = produced("The price.")


@described_input
class UpdatePriceInput:
    """What is to change; what is left out stays. Amount and interval of a price never change."""

    price_id: strawberry.ID = strawberry.field(description="Which.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it may be subscribed to.")
    lookup_key: str | None = strawberry.field(default=strawberry.UNSET, description="Null removes it.")
    self_service: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether customers may subscribe to it with their own token."
    )


@described
class UpdatePricePayload(Payload):
    """What came of updatePrice."""

    price: Price | None = produced("As it is now.")


@strawberry.type
class CatalogueMutations:
    """What can be done with them."""

    @mutation(
        CreateProductPayload,
        "Makes a product here and at Stripe.",
        errors="InvalidInput IdempotencyMismatch Conflict StripeRejected StripeUnavailable",
    )
    async def create_product(self, info: Info, input: CreateProductInput) -> CreateProductPayload:
        product_id = await catalogue.create_product(
            info.context.runtime,
            acting(info),
            name=input.name,
            description=left_in(input.description),
            idempotency_key=input.idempotency_key,
        )
        return CreateProductPayload(product=reference(product_id))

    @mutation(
        UpdateProductPayload,
        "Changes a product here and at Stripe.",
        errors="NotFound InvalidInput Conflict StripeRejected StripeUnavailable",
    )
    async def update_product(self, info: Info, input: UpdateProductInput) -> UpdateProductPayload:
        product_id = given_id(input.product_id, "product", "productId")
        changes = given(input, "name", "description", "active", not_null=("name", "active"))
        updated = await catalogue.update_product(info.context.runtime, acting(info), product_id, changes)
        return UpdateProductPayload(product=reference(updated))

    @mutation(
        CreatePricePayload,
        "Makes a price here and at Stripe.",
        errors="InvalidInput NotFound Conflict IdempotencyMismatch StripeRejected StripeUnavailable",
    )
    async def create_price(self, info: Info, input: CreatePriceInput) -> CreatePricePayload:
        interval = left_in(input.interval)
        price_id = await catalogue.create_price(
            info.context.runtime,
            acting(info),
            product_id=given_id(input.product_id, "product", "productId"),
            unit_amount=money(input.unit_amount, "unitAmount"),
            interval=(interval.unit.value.lower(), interval.count) if interval else None,
            lookup_key=left_in(input.lookup_key),
            trial_days=left_in(input.trial_days),
            self_service=input.self_service,
            idempotency_key=input.idempotency_key,
        )
        return CreatePricePayload(price=reference(price_id))

    @mutation(
        UpdatePricePayload,
        "Changes a price here and at Stripe.",
        errors="NotFound InvalidInput Conflict StripeRejected StripeUnavailable",
    )
    async def update_price(self, info: Info, input: UpdatePriceInput) -> UpdatePricePayload:
        price_id = given_id(input.price_id, "price", "priceId")
        changes = given(input, "active", "lookup_key", "self_service", not_null=("active", "self_service"))
        updated = await catalogue.update_price(info.context.runtime, acting(info), price_id, changes)
        return UpdatePricePayload(price=reference(updated))
