"""The steps of the journey, each as short as a test wants to write it."""

from decimal import Decimal
from uuid import UUID, uuid4

from sqlmodel import select

from billing import catalogue, consents, customers, mirror, setup_sessions, terms
from billing.consents import Amount, ScopeInput
from billing.money import Money
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import Consent, PaymentMethod, Price, SetupSession, Terms
from tests.billing.conftest import MERCHANT
from tests.sandbox_client import SandboxClient

CLAUSES = {
    "permission": "You allow Example Ltd to debit your account for your plan.",
    "timing": "Every month, on the day on which you subscribed.",
    "amount_determination": "The price of your plan, as shown when you subscribed.",
    "cancellation_policy": "You may cancel at any time; the plan ends with the month.",
}


def unique(word: str) -> str:
    """A name that no other test has."""
    return f"{word}-{uuid4().hex}"


async def a_customer(runtime: Runtime) -> UUID:
    made, _ = await customers.create(runtime, MERCHANT, external_id=unique("ada"), email="ada@example.com")
    return made


async def published_terms(runtime: Runtime, slug: str | None = None, **changes: str) -> Terms:
    clauses = {**CLAUSES, **changes}
    async with runtime.database.transaction() as session:
        return await terms.publish(
            session,
            MERCHANT,
            slug=slug or unique("terms"),
            locale="en",
            title="Monthly plan",
            usage="RECURRING",
            now=runtime.clock(),
            **clauses,
        )


async def a_consent(
    runtime: Runtime,
    customer_id: UUID,
    *,
    maximum: str | None = "30.00",
    agreed: Terms | None = None,
    monthly: str | None = None,
    subscriptions: int = 1,
) -> Consent:
    """To one monthly subscription of at most this many dollars."""
    agreed = agreed or await published_terms(runtime)
    scope = ScopeInput(
        usage="RECURRING",
        interval_unit="month",
        interval_count=1,
        currency="USD",
        maximum_amount=amount(maximum),
        monthly_maximum=amount(monthly),
        maximum_subscriptions=subscriptions,
    )
    async with runtime.database.transaction() as session:
        granted = await consents.record(
            session,
            MERCHANT,
            customer_id=customer_id,
            terms_id=agreed.id,
            scope=scope,
            accepted=True,
            now=runtime.clock(),
        )
    return granted.consent


def amount(text: str | None) -> Amount | None:
    return Amount(Decimal(text), "USD") if text else None


async def a_price(runtime: Runtime, dollars: int = 15, *, self_service: bool = False) -> Price:
    """Monthly, in dollars."""
    product = await catalogue.create_product(
        runtime, MERCHANT, name="Plan", description=None, idempotency_key=unique("product")
    )
    price = await catalogue.create_price(
        runtime,
        MERCHANT,
        product_id=product,
        unit_amount=Money(dollars * 100, "USD"),
        interval=("month", 1),
        lookup_key=None,
        self_service=self_service,
        idempotency_key=unique("price"),
    )
    async with runtime.database.read() as session:
        return await session.get_one(Price, price)


def a_wish(customer_id: UUID, consent_id: UUID, **changes: object) -> setup_sessions.Wish:
    wish = {
        "customer_id": customer_id,
        "consent_id": consent_id,
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
        "types": ["card", "amazon_pay"],
        "required": [],
        "currency": "USD",
    }
    return setup_sessions.Wish(**{**wish, **changes})  # type: ignore[arg-type]


async def an_open_session(runtime: Runtime, customer_id: UUID, consent_id: UUID) -> SetupSession:
    made = await setup_sessions.create(
        runtime, MERCHANT, a_wish(customer_id, consent_id), idempotency_key=unique("session")
    )
    async with runtime.database.read() as session:
        return await session.get_one(SetupSession, made)


async def caught_up(runtime: Runtime, setup_session: SetupSession) -> None:
    """Learns what the hosted page has done, as a webhook would tell."""
    path = f"/v1/checkout/sessions/{setup_session.stripe_id}"
    expand = {"expand": ["setup_intent.payment_method", "setup_intent.mandate"]}
    answer = await runtime.gateway.send(Request("get", path, expand))
    async with runtime.database.transaction() as session:
        await mirror.record(session, answer, now=runtime.clock())


async def a_saved_method(
    runtime: Runtime, sandbox: SandboxClient, customer_id: UUID, consent_id: UUID, *, card: str | None = None
) -> PaymentMethod:
    """Saved on the hosted page: a card, or else an Amazon Pay account."""
    opened = await an_open_session(runtime, customer_id, consent_id)
    if card:
        assert sandbox.enter_card(opened.stripe_id, card).status_code in (302, 303)
    else:
        sandbox.authorize_amazon_pay(opened.stripe_id)
    await caught_up(runtime, opened)
    async with runtime.database.read() as session:
        newest = select(PaymentMethod).where(PaymentMethod.customer_id == customer_id)
        return list((await session.exec(newest)).all())[-1]
