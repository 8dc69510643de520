"""Charging saved methods, paying open invoices, and giving money back."""

import strawberry

from billing import payments
from schema.context import Info
from schema.enums import RefundReason
from schema.errors import expose
from schema.inputs import MoneyInput, described_input, money
from schema.mutations.plumbing import Payload, acting, given_id, left_in, mutation, optional_id, produced
from schema.nouns import Invoice, Payment, Refund
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


@described_input
class RefundPaymentInput:
    """Which payment is given back, and how much of it."""

    payment_id: strawberry.ID = strawberry.field(description="Which payment.")
    amount: MoneyInput | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: all that is left of it."
    )
    reason: RefundReason | None = strawberry.field(default=strawberry.UNSET, description="Why; kept at Stripe.")
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class RefundPaymentPayload(Payload):
    """What came of refundPayment."""

    refund: Refund | None = produced("The refund; PENDING until the money has arrived, which Amazon Pay tells later.")
    payment: Payment | None = produced("What it gives back.")


@described_input
class PayInvoiceInput:
    """Which invoice is to be paid, and with what."""

    invoice_id: strawberry.ID = strawberry.field(description="Which; it has to be open.")
    payment_method_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Left out: the subscription's own, else the customer's default."
    )
    idempotency_key: str = strawberry.field(description="At most 255 characters; the same key does nothing twice.")


@described
class PayInvoicePayload(Payload):
    """What came of payInvoice."""

    invoice: Invoice | None = produced("The invoice; open as before where the payment failed.")
    payment: Payment | None = produced("The payment behind it.")


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

    @mutation(
        RefundPaymentPayload,
        "Gives money back, all of it or a part, at most what was paid. It does not reopen an invoice.",
        errors="InvalidInput NotFound InvalidTransition PaymentMethodLimit IdempotencyMismatch Conflict StripeRejected "
        "StripeUnavailable",
    )
    async def refund_payment(self, info: Info, input: RefundPaymentInput) -> RefundPaymentPayload:
        amount, reason = left_in(input.amount), left_in(input.reason)
        wanted = payments.NewRefund(
            payment_id=given_id(input.payment_id, "payment", "paymentId"),
            amount=money(amount, "amount") if amount else None,
            reason=reason.value.lower() if reason else None,
        )
        refund, payment = await payments.refund(
            info.context.runtime, acting(info), wanted, idempotency_key=input.idempotency_key
        )
        return RefundPaymentPayload(refund=reference(refund), payment=reference(payment))

    @mutation(
        PayInvoicePayload,
        "Pays an open invoice now, off-session, e.g. with the method that a past-due customer has just saved.",
        customers=True,
        errors="InvalidInput NotFound NotAllowed InvalidTransition ConsentRequired ConsentScopeExceeded "
        "PaymentMethodUnusable PaymentMethodLimit PaymentDeclined AuthenticationRequired IdempotencyMismatch Conflict "
        "StripeRejected StripeUnavailable",
    )
    async def pay_invoice(self, info: Info, input: PayInvoiceInput) -> PayInvoicePayload:
        paid = await payments.pay(
            info.context.runtime,
            acting(info),
            given_id(input.invoice_id, "invoice", "invoiceId"),
            optional_id(input.payment_method_id, "payment_method", "paymentMethodId"),
            idempotency_key=input.idempotency_key,
        )
        return PayInvoicePayload(
            invoice=reference(paid.invoice_id),
            payment=reference(paid.payment_id),
            error=expose(paid.error) if paid.error else None,
        )
