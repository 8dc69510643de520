"""Creating, changing, redacting customers; tokens for them."""

from datetime import datetime, timedelta

import strawberry

from billing import consents, customers, tokens
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, produced
from schema.nouns import Customer
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import JSON


@described_input
class CreateCustomerInput:
    """A person or company of the merchant's."""

    external_id: str = strawberry.field(description="The merchant's own id; unique.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="For receipts.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="For receipts.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The merchant's own values: an object of strings."
    )
    stripe_id: str | None = strawberry.field(
        default=strawberry.UNSET, description="Adopts a customer that exists at Stripe."
    )


@described
class CreateCustomerPayload(Payload):
    """What came of createCustomer."""

    customer: Customer | None = produced("The customer with this externalId.")
    created: bool | None = strawberry.field(default=None, description="Whether it was made by this call.")


@described_input
class UpdateCustomerInput:
    """What is to change; null removes a value, what is left out stays."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="For receipts.")
    name: str | None = strawberry.field(default=strawberry.UNSET, description="For receipts.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Merged key by key; a null value removes its key. For keys only."
    )


@described
class UpdateCustomerPayload(Payload):
    """What came of updateCustomer."""

    customer: Customer | None = produced("As it is now.")


@described_input
class RedactCustomerInput:
    """Whose personal values are to be removed."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")


@described
class RedactCustomerPayload(Payload):
    """What came of redactCustomer."""

    customer: Customer | None = produced("Without personal values.")


@described_input
class CreateCustomerTokenInput:
    """Who is to act with the token, and for how long."""

    customer_id: strawberry.ID = strawberry.field(description="Who.")
    ttl_seconds: int = strawberry.field(default=3600, description="At most 86400, which is a day.")


@described
class CreateCustomerTokenPayload(Payload):
    """What came of createCustomerToken."""

    token: str | None = strawberry.field(default=None, description="For the Authorization header: Bearer <token>.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it stops working.")


def _changes(input: UpdateCustomerInput) -> dict[str, object]:
    given = {"email": input.email, "name": input.name, "metadata": input.metadata}
    return {field: value for field, value in given.items() if value is not strawberry.UNSET}


@strawberry.type
class CustomerMutations:
    """What can be done with them."""

    @mutation(
        CreateCustomerPayload,
        "Creates the customer here and at Stripe, or returns the one that already has this externalId, as it is.",
        errors="InvalidInput Conflict StripeRejected StripeUnavailable",
    )
    async def create_customer(self, info: Info, input: CreateCustomerInput) -> CreateCustomerPayload:
        customer_id, created = await customers.create(
            info.context.runtime,
            acting(info),
            external_id=input.external_id,
            email=left_in(input.email),
            name=left_in(input.name),
            metadata=left_in(input.metadata),
            stripe_id=left_in(input.stripe_id),
        )
        return CreateCustomerPayload(customer=reference(customer_id), created=created)

    @mutation(
        UpdateCustomerPayload,
        "Changes e-mail, name, or metadata, here and at Stripe.",
        customers=True,
        errors="NotFound InvalidInput InvalidTransition Conflict StripeRejected StripeUnavailable",
    )
    async def update_customer(self, info: Info, input: UpdateCustomerInput) -> UpdateCustomerPayload:
        customer_id = given_id(input.customer_id, "customer", "customerId")
        updated = await customers.update(info.context.runtime, acting(info), customer_id, _changes(input))
        return UpdateCustomerPayload(customer=reference(updated))

    @mutation(
        RedactCustomerPayload,
        "Removes personal values here; records of consent and payment stay provable. Stripe keeps its own copy.",
        errors="NotFound",
    )
    async def redact_customer(self, info: Info, input: RedactCustomerInput) -> RedactCustomerPayload:
        customer_id = given_id(input.customer_id, "customer", "customerId")
        runtime = info.context.runtime
        async with runtime.database.transaction() as session:
            await consents.redact(session, acting(info), customer_id=customer_id, now=runtime.clock())
        return RedactCustomerPayload(customer=reference(customer_id))

    @mutation(
        CreateCustomerTokenPayload,
        "A short-lived token that a browser or an app can use as this customer, and as nobody else.",
        errors="NotFound InvalidInput InvalidTransition",
    )
    async def create_customer_token(self, info: Info, input: CreateCustomerTokenInput) -> CreateCustomerTokenPayload:
        runtime = info.context.runtime
        async with runtime.database.read() as session:
            customer_id = given_id(input.customer_id, "customer", "customerId")
            customer = await customers.get_live(session, acting(info), customer_id)
        life = timedelta(seconds=input.ttl_seconds)
        token, end = tokens.issue(customer.id, info.context.token_secrets, runtime.clock(), life=life)
        return CreateCustomerTokenPayload(token=token, expires_at=end)
