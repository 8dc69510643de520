"""The default payment method, and detaching."""

import strawberry

from billing import payment_methods
from schema.context import Info
from schema.inputs import described_input
from schema.mutations.plumbing import Payload, acting, given_id, mutation, produced
from schema.nouns import Customer, PaymentMethod
from schema.reads import described
from schema.reads.reading import reference


@described_input
class SetDefaultPaymentMethodInput:
    """Which method new subscriptions are to be charged to."""

    payment_method_id: strawberry.ID = strawberry.field(description="Which.")


@described
class SetDefaultPaymentMethodPayload(Payload):
    """What came of setDefaultPaymentMethod."""

    customer: Customer | None = produced("Whose.")
    payment_method: PaymentMethod | None = produced("The default one now.")
    previous_payment_method: PaymentMethod | None = produced("The default one before, if there was one.")


@described_input
class DetachPaymentMethodInput:
    """Which method is to be given up."""

    payment_method_id: strawberry.ID = strawberry.field(description="Which.")


@described
class DetachPaymentMethodPayload(Payload):
    """What came of detachPaymentMethod."""

    payment_method: PaymentMethod | None = produced("The method, detached.")


@strawberry.type
class PaymentMethodMutations:
    """What can be done with them."""

    @mutation(
        SetDefaultPaymentMethodPayload,
        "Makes it the method that new subscriptions are charged to where they name none.",
        customers=True,
        errors="NotFound PaymentMethodUnusable Conflict StripeRejected StripeUnavailable",
    )
    async def set_default_payment_method(
        self, info: Info, input: SetDefaultPaymentMethodInput
    ) -> SetDefaultPaymentMethodPayload:
        method_id = given_id(input.payment_method_id, "payment_method", "paymentMethodId")
        method, previous = await payment_methods.set_default(info.context.runtime, acting(info), method_id)
        return SetDefaultPaymentMethodPayload(
            customer=reference(method.customer_id),
            payment_method=reference(method.id),
            previous_payment_method=reference(previous),
        )

    @mutation(
        DetachPaymentMethodPayload,
        "Gives a method up, for good: Stripe attaches it to nobody again.",
        customers=True,
        errors="NotFound Conflict StripeRejected StripeUnavailable",
    )
    async def detach_payment_method(self, info: Info, input: DetachPaymentMethodInput) -> DetachPaymentMethodPayload:
        method_id = given_id(input.payment_method_id, "payment_method", "paymentMethodId")
        detached = await payment_methods.detach(info.context.runtime, acting(info), method_id)
        return DetachPaymentMethodPayload(payment_method=reference(detached))
