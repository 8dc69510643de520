"""Why a subscription needs a person, in one statement."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import tables
from billing.database import Database
from billing.errors import Scope
from schema.nodes import global_id
from tests import factories as make
from tests.factories import NOW
from tests.schema.conftest import Client, token_of

ATTENTION = """
attention {
  reason message since invoice { id held }
  requiredConsent {
    usage interval { unit count } currency maximumAmount { amount currency } monthlyMaximum { amount }
    products { id name } maximumSubscriptions
  }
}
"""
ONE = "query ($id: ID!) { subscription(id: $id) { " + ATTENTION + " } }"
MANY = "query ($needs: Boolean) { subscriptions(needsAttention: $needs) { edges { node { id " + ATTENTION + " } } } }"


class Subscribed:
    """A managed subscription in good standing, with a method that works."""

    def __init__(self, customer: tables.Customer, subscription: tables.Subscription) -> None:
        self.customer, self.subscription = customer, subscription
        self.id = global_id("subscription", subscription.id)


async def subscribed(session: AsyncSession, **changes: Any) -> Subscribed:
    customer = await make.create_customer(session)
    consent = await make.create_consent(session, customer)
    method = await make.create_payment_method(session, customer)
    values = {"consent_id": consent.id, "managed": True, "payment_method_stripe_id": method.stripe_id, **changes}
    return Subscribed(customer, await make.create_subscription(session, customer, **values))


async def an_open_invoice(session: AsyncSession, it: Subscribed, **payment: Any) -> tables.Invoice:
    invoice = await make.create_invoice(
        session, it.customer, subscription_stripe_id=it.subscription.stripe_id, status="open", attempt_count=1
    )
    paying = await make.create_payment(session, it.customer, **payment)
    await make.create_invoice_payment(session, invoice, paying)
    return invoice


async def test_one_in_good_standing_needs_nothing(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        it = await subscribed(session)
        it.subscription.latest_invoice_stripe_id = (
            await make.create_invoice(session, it.customer, subscription_stripe_id=it.subscription.stripe_id)
        ).stripe_id
        await make.create_hold(session, it.subscription, ended_at=NOW)
    assert (await client.ask(ONE, id=it.id))["subscription"] == {"attention": None}


async def test_a_held_invoice_says_what_a_consent_has_to_allow(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        it = await subscribed(session)
        products = [(await make.create_price(session)).product_id for _ in range(3)]
        invoice = await make.create_invoice(
            session, it.customer, subscription_stripe_id=it.subscription.stripe_id, status="draft"
        )
        required = Scope("RECURRING", "month", 3, "JPY", 4000, 9000, tuple(products[:2]), 2)
        await make.create_hold(session, it.subscription)
        await make.create_hold(
            session,
            it.subscription,
            invoice_stripe_id=invoice.stripe_id,
            reason="CONSENT_SCOPE_EXCEEDED",
            message="Too much.",
            required=required.dump(),
            created_at=NOW - timedelta(days=2),
        )
    client.statements.clear()
    for caller in (None, token_of(it.customer)):
        data = await (client.ask(ONE, id=it.id) if caller is None else client.ask(ONE, caller, id=it.id))
        attention = data["subscription"]["attention"]
        named = attention["requiredConsent"].pop("products")
        assert {each["id"] for each in named} == {global_id("product", each) for each in products[:2]}
        assert attention == {
            "reason": "CONSENT_SCOPE_EXCEEDED",
            "message": "Too much.",
            "since": "2026-11-21T18:00:00Z",
            "invoice": {"id": global_id("invoice", invoice.id), "held": True},
            "requiredConsent": {
                "usage": "RECURRING",
                "interval": {"unit": "MONTH", "count": 3},
                "currency": "JPY",
                "maximumAmount": {"amount": "4000", "currency": "JPY"},
                "monthlyMaximum": {"amount": "9000"},
                "maximumSubscriptions": 2,
            },
        }
    assert len(client.statements) == 2


async def test_a_stop_without_limits_requires_no_limits(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        it = await subscribed(session)
        await make.create_hold(session, it.subscription, required=Scope("RECURRING", "year", 1).dump())
    attention = (await client.ask(ONE, id=it.id))["subscription"]["attention"]
    assert attention == {
        "reason": "CONSENT_REQUIRED",
        "message": "A new consent is needed.",
        "since": "2026-11-23T18:00:00Z",
        "invoice": None,
        "requiredConsent": {
            "usage": "RECURRING",
            "interval": {"unit": "YEAR", "count": 1},
            "currency": None,
            "maximumAmount": None,
            "monthlyMaximum": None,
            "products": None,
            "maximumSubscriptions": 1,
        },
    }


async def test_money_that_was_taken_goes_first(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        it = await subscribed(session)
        taken = await make.create_invoice(session, it.customer, subscription_stripe_id=it.subscription.stripe_id)
        await make.create_hold(
            session, it.subscription, reason="CHARGED_OUTSIDE_CONSENT", invoice_stripe_id=taken.stripe_id
        )
        later = await make.create_invoice(session, it.customer, subscription_stripe_id=it.subscription.stripe_id)
        await make.create_hold(session, it.subscription, invoice_stripe_id=later.stripe_id, created_at=NOW)
    attention = (await client.ask(ONE, id=it.id))["subscription"]["attention"]
    assert attention["reason"] == "CHARGED_OUTSIDE_CONSENT"
    assert attention["invoice"] == {"id": global_id("invoice", taken.id), "held": False}


DECLINED = {"status": "requires_payment_method", "failure_code": "card_declined"}
ASKED = {"status": "requires_payment_method", "failure_code": "authentication_required"}


@pytest.mark.parametrize(
    ("payment", "reason"),
    [
        (DECLINED, "PAYMENT_DECLINED"),
        (ASKED, "AUTHENTICATION_REQUIRED"),
        ({"status": "requires_action"}, "AUTHENTICATION_REQUIRED"),
    ],
)
async def test_an_open_invoice_tells_why_it_is_not_paid(
    client: Client, database: Database, payment: dict[str, Any], reason: str
) -> None:
    async with database.transaction() as session:
        it = await subscribed(session, status="past_due")
        invoice = await an_open_invoice(session, it, **payment)
    attention = (await client.ask(ONE, id=it.id))["subscription"]["attention"]
    assert (attention["reason"], attention["invoice"]) == (
        reason,
        {"id": global_id("invoice", invoice.id), "held": False},
    )
    assert attention["message"]
    assert attention["requiredConsent"] is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payment_method_stripe_id": None}, "PAYMENT_METHOD_UNUSABLE"),
        ({"payment_method_stripe_id": None, "status": "trialing"}, None),
        ({"payment_method_stripe_id": None, "cancel_at_period_end": True}, None),
        ({"payment_method_stripe_id": None, "status": "canceled"}, None),
        ({"payment_method_stripe_id": None, "managed": False, "consent_id": None}, None),
        ({"status": "past_due"}, "OTHER"),
        ({"status": "unpaid"}, "OTHER"),
    ],
)
async def test_its_own_state_tells_the_rest(
    client: Client, database: Database, changes: dict[str, Any], reason: str | None
) -> None:
    async with database.transaction() as session:
        it = await subscribed(session, **changes)
    attention = (await client.ask(ONE, id=it.id))["subscription"]["attention"]
    assert (attention and attention["reason"]) == reason


async def test_a_method_that_expires_with_the_month_is_usable_until_then(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        it, other = await subscribed(session), await subscribed(session)
        for each, month in ((it, 11), (other, 10)):
            method = await make.create_payment_method(session, each.customer, exp_year=2026, exp_month=month)
            each.subscription.payment_method_stripe_id = method.stripe_id
    assert (await client.ask(ONE, id=it.id))["subscription"]["attention"] is None
    assert (await client.ask(ONE, id=other.id))["subscription"]["attention"]["reason"] == "PAYMENT_METHOD_UNUSABLE"


@pytest.mark.parametrize("about", ["subscription", "invoice"])
async def test_an_outcome_that_nobody_knows(client: Client, database: Database, about: str) -> None:
    async with database.transaction() as session:
        it = await subscribed(session)
        invoice = await make.create_invoice(session, it.customer, subscription_stripe_id=it.subscription.stripe_id)
        session.add(
            tables.Operation(
                created_at=NOW,
                mutation="payInvoice",
                party="merchant",
                key=make.unique(),
                input_hash="",
                actor="shop",
                intent={},
                node_id=it.subscription.id if about == "subscription" else invoice.id,
                status="UNKNOWN",
                due_at=NOW,
                updated_at=NOW,
            )
        )
    attention = (await client.ask(ONE, id=it.id))["subscription"]["attention"]
    assert (attention["reason"], attention["since"]) == ("OUTCOME_UNKNOWN", "2026-11-23T18:00:00Z")


async def test_those_that_need_attention_are_found_in_one_statement(client: Client, database: Database) -> None:
    async with database.transaction() as session:
        well = [await subscribed(session) for _ in range(3)]
        held = [await subscribed(session) for _ in range(3)]
        for each in held:
            await make.create_hold(session, each.subscription)
    for needs, expected in ((True, held), (False, well), (None, well + held)):
        client.statements.clear()
        edges = (await client.ask(MANY, needs=needs))["subscriptions"]["edges"]
        assert {each["node"]["id"] for each in edges} == {each.id for each in expected}
        assert len(client.statements) == 1
    mine = (await client.ask(MANY, token_of(held[0].customer), needs=True))["subscriptions"]["edges"]
    assert [each["node"]["id"] for each in mine] == [held[0].id]
