"""A customer whose saved method can be charged, within a consent."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from billing import consents, payments, terms
from billing.callers import Caller
from billing.consents import Amount, ScopeInput
from billing.money import Money
from billing.payments import Charged, NewCharge
from billing.runtime import Runtime
from billing.tables import Consent, PaymentMethod
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_customer, a_saved_method, an_open_session, caught_up, unique
from tests.sandbox_client import SandboxClient

DECLINES_WHEN_CHARGED = "4000000000000341"
WANTS_AUTHENTICATION = "4000002760003184"

CLAUSES = {
    "permission": "You allow Example Ltd to debit your account for what you owe.",
    "timing": "When something is owed.",
    "amount_determination": "What you used, at the prices shown.",
}


@dataclass(frozen=True)
class Chargeable:
    """Everything but the charge. Amounts in cents."""

    runtime: Runtime
    customer: UUID
    consent: Consent
    method: PaymentMethod

    def on(self, runtime: Runtime) -> "Chargeable":
        """The same, through another Assent."""
        return replace(self, runtime=runtime)

    async def charge(
        self, cents: int = 1500, *, key: str | None = None, caller: Caller = MERCHANT, **changes: Any
    ) -> Charged:
        wanted = {"payment_method_id": self.method.id, "amount": Money(cents, "USD"), **changes}
        return await payments.charge(self.runtime, caller, NewCharge(**wanted), idempotency_key=key or unique("charge"))

    async def at_stripe(self, what: str = "payment_intents") -> list[dict[str, Any]]:
        owner = (await self.runtime.gateway.get(f"/v1/payment_methods/{self.method.stripe_id}")).data["customer"]
        return await self.runtime.gateway.list_all(f"/v1/{what}", customer=owner)

    async def statuses(self) -> list[str]:
        """Of the payments at Stripe, newest first."""
        return [each["status"] for each in await self.at_stripe()]

    async def used_by(self) -> UUID | None:
        """The operation that has used the consent up."""
        async with self.runtime.database.read() as session:
            return (await session.get_one(Consent, self.consent.id)).used_by_id

    async def revoke(self) -> None:
        async with self.runtime.database.transaction() as session:
            await consents.revoke(session, MERCHANT, consent_id=self.consent.id, now=self.runtime.clock())


async def allowed(
    runtime: Runtime,
    customer: UUID,
    usage: str = "UNSCHEDULED",
    *,
    maximum: str | None = "30.00",
    monthly: str | None = None,
    slug: str | None = None,
    **changes: Any,
) -> Consent:
    """A consent to charges, in dollars; to the same terms, by their `slug`, it takes the place of an older one."""
    scope = ScopeInput(
        usage=usage,
        currency="USD",
        maximum_amount=Amount(Decimal(maximum), "USD") if maximum else None,
        monthly_maximum=Amount(Decimal(monthly), "USD") if monthly else None,
    )
    now = runtime.clock()
    async with runtime.database.transaction() as session:
        agreed = await terms.publish(
            session,
            MERCHANT,
            slug=slug or unique("terms"),
            locale="en",
            title="What you owe",
            usage=usage,
            now=now,
            cancellation_policy=None,
            **CLAUSES,
        )
        granted = await consents.record(
            session,
            MERCHANT,
            customer_id=customer,
            terms_id=agreed.id,
            scope=replace(scope, **changes),
            accepted=True,
            now=now,
        )
    return granted.consent


async def chargeable(
    runtime: Runtime, sandbox: SandboxClient, usage: str = "UNSCHEDULED", *, card: str | None = None, **scope: Any
) -> Chargeable:
    customer = await a_customer(runtime)
    consent = await allowed(runtime, customer, usage, **scope)
    if card == WANTS_AUTHENTICATION:
        method = await a_challenged_method(runtime, sandbox, customer, consent.id)
    else:
        method = await a_saved_method(runtime, sandbox, customer, consent.id, card=card)
    return Chargeable(runtime, customer, consent, method)


async def a_challenged_method(
    runtime: Runtime, sandbox: SandboxClient, customer: UUID, consent_id: UUID
) -> PaymentMethod:
    """A card about which the bank asks the customer now, and whenever it is charged."""
    opened = await an_open_session(runtime, customer, consent_id)
    challenge = sandbox.enter_card(opened.stripe_id, WANTS_AUTHENTICATION).headers["location"]
    sandbox.press(challenge, "Complete")
    await caught_up(runtime, opened)
    async with runtime.database.read() as session:
        theirs = select(PaymentMethod).where(PaymentMethod.customer_id == customer)
        return list((await session.exec(theirs.order_by(col(PaymentMethod.id)))).all())[-1]
