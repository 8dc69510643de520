"""The default payment method, and detaching."""

import strawberry

from billing import payment_methods
from schema.context import Info
from schema.customers import Customer
from schema.mutations.plumbing import Payload, given_id, made, mutation
from schema.payment_methods import PaymentMethod


@strawberry.input(description="Which method new subscriptions are to be charged to.")
class SetDefaultPaymentMethodInput:
    payment_method_id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.type(description="What came of setDefaultPaymentMethod.")
class SetDefaultPaymentMethodPayload(Payload):
    customer: Customer | None = made(Customer, "Whose.")
    payment_method: PaymentMethod | None = made(PaymentMethod, "The default one now.")
    previous_payment_method: PaymentMethod | None = made(PaymentMethod, "The default one before, if there was one.")


@strawberry.input(description="Which method is to be given up.")
class DetachPaymentMethodInput:
    payment_method_id: strawberry.ID = strawberry.field(description="Which.")


@strawberry.type(description="What came of detachPaymentMethod.")
class DetachPaymentMethodPayload(Payload):
    payment_method: PaymentMethod | None = made(PaymentMethod, "The method, detached.")


@strawberry.type
class PaymentMethodMutations:
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
        method, previous = await payment_methods.set_default(info.context.runtime, info.context.caller, method_id)
        ids = {"customer": method.customer_id, "payment_method": method.id, "previous_payment_method": previous}
        return SetDefaultPaymentMethodPayload(made=ids)

    @mutation(
        DetachPaymentMethodPayload,
        "Gives a method up, for good: Stripe attaches it to nobody again.",
        customers=True,
        errors="NotFound Conflict StripeRejected StripeUnavailable",
    )
    async def detach_payment_method(self, info: Info, input: DetachPaymentMethodInput) -> DetachPaymentMethodPayload:
        method_id = given_id(input.payment_method_id, "payment_method", "paymentMethodId")
        detached = await payment_methods.detach(info.context.runtime, info.context.caller, method_id)
        return DetachPaymentMethodPayload(made={"payment_method": detached})
