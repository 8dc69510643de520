"""Charging saved methods."""

import strawberry

from billing import payments
from schema.context import Info
from schema.errors import expose
from schema.inputs import MoneyInput, described_input, money
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.nouns import Payment
from schema.reads import described
from schema.reads.reading import reference
from schema.scalars import JSON


@described_input
class ChargePaymentMethodInput:
    """What is owed, and with what it is to be paid."""

    payment_method_id: strawberry.ID = strawberry.field(description="With what; a saved method.")
    amount: MoneyInput = strawberry.field(description="How much; more than zero.")
    consent_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="UNSCHEDULED or ONE_TIME. Left out: the newest that covers it."
    )
    description: str | None = strawberry.field(default=strawberry.UNSET, description="What it is for, for people.")
    metadata: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="The merchant's own values: an object of strings."
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class ChargePaymentMethodPayload(Payload):
    """What came of chargePaymentMethod."""

    payment: Payment | None = produced(
        "The payment; with PaymentDeclined it is canceled, with AuthenticationRequired it waits 23 hours."
    )


@strawberry.type
class PaymentMutations:
    """What can be done with payments."""

    @mutation(
        ChargePaymentMethodPayload,
        "One payment with a saved method while the customer is away, within an UNSCHEDULED or ONE_TIME consent. "
        "PROCESSING is no failure: how it ends shows on the payment.",
        errors="InvalidInput NotFound InvalidTransition ConsentRequired ConsentScopeExceeded PaymentMethodUnusable "
        "PaymentMethodLimit PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict StripeRejected "
        "StripeUnavailable",
    )
    async def charge_payment_method(self, info: Info, input: ChargePaymentMethodInput) -> ChargePaymentMethodPayload:
        wanted = payments.NewCharge(
            payment_method_id=given_id(input.payment_method_id, "payment_method", "paymentMethodId"),
            amount=money(input.amount, "amount"),
            consent_id=optional_id(input.consent_id, "consent", "consentId"),
            description=left_in(input.description),
            metadata=left_in(input.metadata),
        )
        charged = await payments.charge(
            info.context.runtime, acting(info), wanted, idempotency_key=input.idempotency_key
        )
        return ChargePaymentMethodPayload(
            payment=reference(charged.payment_id), error=expose(charged.error) if charged.error else None
        )
