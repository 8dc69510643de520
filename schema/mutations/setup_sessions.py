"""Creating and expiring setup sessions."""

import strawberry

from billing import setup_sessions
from schema.context import Info
from schema.enums import SetupMethodType
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.nouns import SetupSession
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import URL, Currency


@described_input
class CreateSetupSessionInput:
    """The hosted page on which a customer is to save a method."""

    customer_id: strawberry.ID = strawberry.field(description="Whose.")
    consent_id: strawberry.ID = strawberry.field(description="Under which consent; active, and to the current terms.")
    success_url: URL = strawberry.field(
        description="Where the page leads afterwards; `{CHECKOUT_SESSION_ID}` in it is filled in by Stripe."
    )
    cancel_url: URL = strawberry.field(description="Where its back link leads.")
    types: list[SetupMethodType] = strawberry.field(
        default_factory=lambda: [SetupMethodType.CARD, SetupMethodType.AMAZON_PAY], description="What may be saved."
    )
    require_types: list[SetupMethodType] = strawberry.field(
        default_factory=list, description="Fail, and leave no session open, if Stripe does not offer these."
    )
    currency: Currency = strawberry.field(description="Of the payments to come; it decides which types Stripe offers.")
    subscription_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="A new method for this subscription: its consent must be active, not current.",
    )
    expires_in_minutes: int | None = strawberry.field(
        default=strawberry.UNSET, description="31 to 1439; left out: 24 hours."
    )
    locale: str | None = strawberry.field(default=strawberry.UNSET, description="Of the page; left out: the browser's.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class CreateSetupSessionPayload(Payload):
    """What came of createSetupSession."""

    setup_session: SetupSession | None = produced("The session; send the customer to its url.")


@described_input
class ExpireSetupSessionInput:
    """Which page is to be closed."""

    setup_session_id: strawberry.ID = strawberry.field(description="Which.")


@described
class ExpireSetupSessionPayload(Payload):
    """What came of expireSetupSession."""

    setup_session: SetupSession | None = produced("The session, expired.")


@strawberry.type
class SetupSessionMutations:
    """What can be done with them."""

    @mutation(
        CreateSetupSessionPayload,
        "Opens a hosted page of Stripe's on which the customer saves a card or an Amazon Pay account.",
        customers=True,
        errors="InvalidInput NotFound InvalidTransition ConsentRequired TermsSuperseded PaymentMethodLimit "
        "IdempotencyMismatch Conflict StripeRejected StripeUnavailable",
    )
    async def create_setup_session(self, info: Info, input: CreateSetupSessionInput) -> CreateSetupSessionPayload:
        wish = setup_sessions.Wish(
            customer_id=given_id(input.customer_id, "customer", "customerId"),
            consent_id=given_id(input.consent_id, "consent", "consentId"),
            success_url=input.success_url,
            cancel_url=input.cancel_url,
            types=[each.value.lower() for each in dict.fromkeys(input.types)],
            required=[each.value.lower() for each in dict.fromkeys(input.require_types)],
            currency=input.currency,
            subscription_id=optional_id(input.subscription_id, "subscription", "subscriptionId"),
            expires_in_minutes=left_in(input.expires_in_minutes),
            locale=left_in(input.locale),
        )
        made_id = await setup_sessions.create(
            info.context.runtime, acting(info), wish, idempotency_key=input.idempotency_key
        )
        return CreateSetupSessionPayload(setup_session=reference(made_id))

    @mutation(
        ExpireSetupSessionPayload,
        "Closes the hosted page, so that nothing can be saved on it any more.",
        customers=True,
        errors="NotFound InvalidTransition Conflict StripeRejected StripeUnavailable",
    )
    async def expire_setup_session(self, info: Info, input: ExpireSetupSessionInput) -> ExpireSetupSessionPayload:
        session_id = given_id(input.setup_session_id, "setup_session", "setupSessionId")
        expired = await setup_sessions.expire(info.context.runtime, acting(info), session_id)
        return ExpireSetupSessionPayload(setup_session=reference(expired))
