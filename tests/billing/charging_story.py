"""Random stories of charges, played on the real rows and on the model beside them.

Whenever a charge is asked for, both have to name the same consent, or none.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing import consents, mirror
from billing.consents import Amount, ScopeInput
from billing.database import Database
from billing.errors import ConsentRequired, ConsentScopeExceeded
from billing.operations import Call, running
from billing.operations.taking import take
from billing.payments import CHARGE
from billing.runtime import Runtime
from billing.stripe_gateway import Answer, Declined, StripeGateway
from billing.tables import Customer, Operation, PaymentMethod, SetupIntent, new_id
from tests.billing.charging_model import Given, Made, Model
from tests.billing.conftest import MERCHANT
from tests.billing.consent_rows import make_customer, make_product, publish, stripe_id
from tests.billing.random_charges import Charge, Grant, Revoke, Settle, Wait
from tests.billing.stripe_objects import payment_intent

BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Counts:
    """What was decided, in all stories together."""

    allowed: int = 0
    refused: int = 0
    other: int = 0

    @property
    def steps(self) -> int:
        """All that happened."""
        return self.allowed + self.refused + self.other


class Story(Model):
    """One customer's."""

    def __init__(self, database: Database, gateway: StripeGateway, counts: Counts) -> None:
        super().__init__(BEGIN)
        self.counts = counts
        self.runtime = Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: self.now)

    async def play(self, story: list[Any]) -> None:
        """All of it, and a look at the whole at the end."""
        await self._begin()
        for step in story:
            self.now += timedelta(seconds=5)
            match step:
                case Grant():
                    await self._grant(step)
                case Charge():
                    await self._charge(step)
                case Revoke():
                    await self._revoke(step)
                case Wait():
                    await self._wait(step)
                case Settle():
                    await self._settle(step)
        self.check()

    async def _begin(self) -> None:
        async with self.runtime.database.transaction() as session:
            self.customer: Customer = await make_customer(session)
            self.product = (await make_product(session)).id
            self.method = PaymentMethod(
                created_at=BEGIN, stripe_id=stripe_id("pm"), customer_id=self.customer.id, stripe_type="card"
            )
            session.add(self.method)

    async def _grant(self, wanted: Grant) -> None:
        self.counts.other += 1
        currency = wanted.currency or ("USD" if wanted.maximum or wanted.monthly else None)
        ends = self.now + timedelta(days=wanted.days) if wanted.days else None
        recurring = {"interval_unit": "month", "interval_count": 1} if wanted.usage == "RECURRING" else {}
        scope = ScopeInput(
            usage=wanted.usage,
            currency=currency,
            maximum_amount=money(wanted.maximum, currency),
            monthly_maximum=money(wanted.monthly, currency),
            product_ids=[self.product] if wanted.of_product else None,
            **recurring,  # type: ignore[arg-type]
        )
        async with self.runtime.database.transaction() as session:
            agreed = await publish(session, slug=new_id().hex, usage=wanted.usage, now=self.now)
            told: dict[str, Any] = {"accepted": True, "expires_at": ends, "now": self.now}
            granted = await consents.record(
                session, MERCHANT, customer_id=self.customer.id, terms_id=agreed.id, scope=scope, **told
            )
            saved: dict[str, Any] = {
                "customer_id": self.customer.id,
                "consent_id": granted.consent.id,
                "payment_method_stripe_id": self.method.stripe_id,
                "status": "succeeded",
            }
            session.add(SetupIntent(created_at=self.now, stripe_id=stripe_id("seti"), **saved))
        self.given.append(Given(granted.consent.id, wanted, currency, ends))

    async def _charge(self, wanted: Charge) -> None:
        named = None if wanted.named is None else str(self.given[wanted.named % len(self.given)].id)
        intent = {
            "payment_method_id": str(self.method.id),
            "amount": wanted.amount,
            "currency": wanted.currency,
            "consent_id": named,
            "description": None,
            "metadata": {},
        }
        call = Call("chargePaymentMethod", MERCHANT, new_id().hex, intent, self.customer.id)
        expected = self.expected(wanted)
        try:
            operation = await take(self.runtime, CHARGE, call)
        except (ConsentRequired, ConsentScopeExceeded):
            assert expected is None, "refused inside of its scope"
            self.counts.refused += 1
            return
        assert expected is not None, "allowed outside of every scope"
        assert operation.consent_id == expected.id
        self.counts.allowed += 1
        made = Made(wanted.amount, expected, "open", operation=operation)
        made.intent = self._intent(operation)
        self.made.append(made)
        await self._answer(made, wanted.outcome)

    def _intent(self, operation: Operation) -> dict[str, Any]:
        params = (operation.request or {})["params"]
        told = {name: params[name] for name in ("amount", "currency", "metadata")}
        return payment_intent(stripe_id("pi"), self.customer.stripe_id, created=int(self.now.timestamp()), **told)

    async def _answer(self, made: Made, outcome: str) -> None:
        """What Stripe answers, step by step; a `lost` answer never comes."""
        if outcome == "paid":
            await self._record(made, self._told(made, status="succeeded"))
            made.state, made.paid_at = "paid", self.now
        elif outcome == "processing":
            await self._record(made, self._told(made, status="processing"))
        elif outcome in ("declined", "waits"):
            code = "card_declined" if outcome == "declined" else "authentication_required"
            error = {"code": code, "message": "No."}
            await self._record(made, Declined("No.", {**error, "payment_intent": {"id": made.intent["id"]}}))
            status = "canceled" if outcome == "declined" else "requires_payment_method"
            await self._record(made, self._told(made, status=status, last_payment_error=error))
            made.state = "over" if outcome == "declined" else "open"

    def _told(self, made: Made, **changes: Any) -> Answer:
        self.now += timedelta(seconds=5)
        second = int(self.now.timestamp())
        made.intent = {**made.intent, **changes}
        return Answer(made.intent, second, second)

    async def _record(self, made: Made, outcome: Answer | Declined) -> None:
        assert made.operation is not None
        made.operation = await running.record(self.runtime, CHARGE, made.operation, outcome)

    async def _settle(self, wanted: Settle) -> None:
        still = [each for each in self.made if each.state == "open"]
        if not still:
            return
        self.counts.other += 1
        made = still[wanted.number % len(still)]
        assert made.operation is not None
        if wanted.paid:
            made.state, made.paid_at = "paid", self.now + timedelta(seconds=5)
            await self._learn(made, status="succeeded")
        elif made.operation.status == "PENDING":
            made.state = "over"
            await running.release(self.runtime, CHARGE, made.operation)
        else:
            made.state = "over"
            await self._learn(made, status="canceled")

    async def _learn(self, made: Made, **changes: Any) -> None:
        told = self._told(made, **changes)
        if made.operation is not None and made.operation.status == "PENDING":
            await self._record(made, told)
            return
        async with self.runtime.database.transaction() as session:
            await mirror.record(session, told, now=self.now)

    async def _revoke(self, wanted: Revoke) -> None:
        self.counts.other += 1
        given = self.given[wanted.number % len(self.given)]
        async with self.runtime.database.transaction() as session:
            await consents.revoke(session, MERCHANT, consent_id=given.id, now=self.now)
        given.revoked = True

    async def _wait(self, wanted: Wait) -> None:
        self.counts.other += 1
        self.now += timedelta(days=wanted.days)


def money(amount: int | None, currency: str | None) -> Amount | None:
    """Cents, as they come in."""
    return Amount(Decimal(amount).scaleb(-2), currency) if amount and currency else None
