"""Making and changing products and prices."""

import strawberry

from billing import catalogue
from schema.catalogue import Price, Product
from schema.context import Info
from schema.inputs import BillingIntervalInput, MoneyInput, money
from schema.mutations.plumbing import Payload, given, given_id, left_in, made, mutation


@strawberry.input(description="What is to be sold.")
class CreateProductInput:
    name: str = strawberry.field(description="Customers see it on invoices.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="Customers may see it.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@strawberry.type(description="What came of createProduct.")
class CreateProductPayload(Payload):
    product: Product | None = made(Product, "The product.")


@strawberry.input(description="What is to change; what is left out stays.")
class UpdateProductInput:
    product_id: strawberry.ID = strawberry.field(description="Which.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Customers see it on invoices.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="Null removes it.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether new prices may use it.")


@strawberry.type(description="What came of updateProduct.")
class UpdateProductPayload(Payload):
    product: Product | None = made(Product, "As it is now.")


@strawberry.input(description="What a product is to cost.")
class CreatePriceInput:
    product_id: strawberry.ID = strawberry.field(description="Of what.")
    unit_amount: MoneyInput = strawberry.field(description="Of one, each interval or once.")
    interval: BillingIntervalInput | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: a one-off price."
    )
    lookup_key: str | None = strawberry.field(default=strawberry.UNSET, description="A name to find it by; unique.")
    self_service: bool = strawberry.field(
        default=False, description="Whether customers may subscribe to it with their own token."
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@strawberry.type(description="What came of createPrice.")
class CreatePricePayload(Payload):
    price: Price | None = made(Price, "The price.")


@strawberry.input(description="What is to change; what is left out stays. Amount and interval of a price never change.")
class UpdatePriceInput:
    price_id: strawberry.ID = strawberry.field(description="Which.")
    active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it may be subscribed to.")
    lookup_key: str | None = strawberry.field(default=strawberry.UNSET, description="Null removes it.")
    self_service: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether customers may subscribe to it with their own token."
    )


@strawberry.type(description="What came of updatePrice.")
class UpdatePricePayload(Payload):
    price: Price | None = made(Price, "As it is now.")


@strawberry.type
class CatalogueMutations:
    @mutation(
        CreateProductPayload,
        "Makes a product here and at Stripe.",
        errors="InvalidInput IdempotencyMismatch Conflict StripeRejected StripeUnavailable",
    )
    async def create_product(self, info: Info, input: CreateProductInput) -> CreateProductPayload:
        product_id = await catalogue.create_product(
            info.context.runtime,
            info.context.caller,
            name=input.name,
            description=left_in(input.description),
            idempotency_key=input.idempotency_key,
        )
        return CreateProductPayload(made={"product": product_id})

    @mutation(
        UpdateProductPayload,
        "Changes a product here and at Stripe.",
        errors="NotFound InvalidInput Conflict StripeRejected StripeUnavailable",
    )
    async def update_product(self, info: Info, input: UpdateProductInput) -> UpdateProductPayload:
        product_id = given_id(input.product_id, "product", "productId")
        changes = given(input, "name", "description", "active", not_null=("name", "active"))
        updated = await catalogue.update_product(info.context.runtime, info.context.caller, product_id, changes)
        return UpdateProductPayload(made={"product": updated})

    @mutation(
        CreatePricePayload,
        "Makes a price here and at Stripe.",
        errors="InvalidInput NotFound Conflict IdempotencyMismatch StripeRejected StripeUnavailable",
    )
    async def create_price(self, info: Info, input: CreatePriceInput) -> CreatePricePayload:
        interval = left_in(input.interval)
        price_id = await catalogue.create_price(
            info.context.runtime,
            info.context.caller,
            product_id=given_id(input.product_id, "product", "productId"),
            unit_amount=money(input.unit_amount, "unitAmount"),
            interval=(interval.unit.value, interval.count) if interval else None,
            lookup_key=left_in(input.lookup_key),
            self_service=input.self_service,
            idempotency_key=input.idempotency_key,
        )
        return CreatePricePayload(made={"price": price_id})

    @mutation(
        UpdatePricePayload,
        "Changes a price here and at Stripe.",
        errors="NotFound InvalidInput Conflict StripeRejected StripeUnavailable",
    )
    async def update_price(self, info: Info, input: UpdatePriceInput) -> UpdatePricePayload:
        price_id = given_id(input.price_id, "price", "priceId")
        changes = given(input, "active", "lookup_key", "self_service", not_null=("active", "self_service"))
        updated = await catalogue.update_price(info.context.runtime, info.context.caller, price_id, changes)
        return UpdatePricePayload(made={"price": updated})
