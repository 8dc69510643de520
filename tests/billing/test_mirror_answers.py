"""The mirror and the answers of the API."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing import mirror
from billing.database import Database
from billing.mirror import NotOurs
from billing.mirror.kinds import KINDS, SUBSCRIBED_EVENTS
from billing.mirror.life_cycles import LIFE_CYCLES
from billing.mirror.news import DELETIONS
from billing.tables import (
    Invoice,
    InvoiceLine,
    Payment,
    PaymentMethod,
    Product,
    SetupIntent,
    StripeObject,
    Subscription,
    SubscriptionItem,
)
from tests.billing import stripe_objects
from tests.billing.consent_rows import grant, make_customer, make_price, publish
from tests.billing.mirroring import NOW, _customer_1, all_of, an_operation, answer, made_by, tell, the_only
from tests.billing.stripe_objects import MONTH, SECOND


async def test_one_answer_with_everything_expanded_makes_every_row_and_stores_ids(database: Database) -> None:
    async with database.transaction() as session:
        made = await stripe_objects.a_reserved_subscription(session, NOW)
        await mirror.record(session, answer(_expanded(made)), now=NOW)
        payment, subscription = await the_only(session, Payment), await the_only(session, Subscription)
        assert payment.consent_id == subscription.consent_id == made.consent_id
        assert (await the_only(session, InvoiceLine)).amount == 1500
        item = await the_only(session, SubscriptionItem)
        assert item.price_stripe_id == "price_new"
        assert item.current_period_end == datetime.fromtimestamp(SECOND + MONTH, UTC)
        stored = {each.stripe_id: each.data for each in await all_of(session, StripeObject)}
        assert stored["sub_1"]["latest_invoice"] == "in_1"
        assert stored["sub_1"]["items"]["data"][0]["price"] == "price_new"
        assert "payments" not in stored["in_1"]
        assert stored["inpay_1"]["payment"]["payment_intent"] == "pi_1"


def _expanded(made: stripe_objects.Reserved) -> dict[str, Any]:
    owner = made.customer.stripe_id
    paying = stripe_objects.payment_intent("pi_1", owner)
    link = stripe_objects.invoice_payment("inpay_1", "in_1", paying)
    bill = stripe_objects.invoice("in_1", owner, "sub_1", status="open")
    bill["payments"] = {"object": "list", "data": [link], "has_more": False, "url": "/v1/invoice_payments"}
    product = stripe_objects.product("prod_new")
    price = stripe_objects.price("price_new", "")
    price["product"] = product
    return stripe_objects.subscription("sub_1", owner, price, latest_invoice=bill, metadata=made.metadata)


async def test_what_a_failed_attempt_shows_of_a_method_is_not_news_of_it(database: Database) -> None:
    """It is a picture of that moment: the method may have been detached since."""
    async with database.transaction() as session:
        owner = await make_customer(session)
        method = stripe_objects.payment_method("pm_1", owner.stripe_id)
        error = {"code": "card_declined", "decline_code": "generic_decline", "message": "No.", "payment_method": method}
        failed = stripe_objects.payment_intent("pi_1", owner.stripe_id, last_payment_error=error)
        await tell(session, "payment_intent.payment_failed", failed)
        assert await all_of(session, PaymentMethod) == []
        row = await the_only(session, Payment)
        assert (row.failure_code, row.failure_decline_code) == ("card_declined", "generic_decline")


async def test_an_answer_within_the_stored_second_is_written_and_read_again_later(database: Database) -> None:
    async with database.transaction() as session:
        data = stripe_objects.product("prod_1", name="Told")
        await tell(session, "product.updated", data, previous={"name": "Before"})
        await mirror.record(session, answer({**data, "name": "Answered"}, SECOND - 1, SECOND), now=NOW)
        assert (await the_only(session, Product)).name == "Answered"
        refresh_at = (await the_only(session, StripeObject)).refresh_at
        assert refresh_at is not None
        assert NOW < refresh_at <= NOW + timedelta(seconds=3)
        await mirror.record(session, answer({**data, "name": "Read"}, SECOND + 2), now=NOW)
        assert (await the_only(session, StripeObject)).refresh_at is None


async def test_a_stale_answer_changes_nothing(database: Database) -> None:
    async with database.transaction() as session:
        await tell(session, "product.updated", stripe_objects.product("prod_1", name="Newer"), SECOND + 10)
        old = answer(stripe_objects.product("prod_1", name="Older"), SECOND, SECOND + 9)
        row = await mirror.record(session, old, now=NOW)
        assert isinstance(row, Product)
        assert row.name == "Newer"


async def test_a_redacted_customer_never_gets_personal_values_back(database: Database) -> None:
    async with database.transaction() as session:
        owner = await _customer_1(session)
        owner.redacted_at, owner.email = NOW, None
        told = stripe_objects.customer("cus_1", description="Ada, who pays late", metadata={"note": "ada"})
        await tell(session, "customer.updated", told)
        await tell(session, "payment_method.attached", stripe_objects.payment_method("pm_1", "cus_1"))
        await tell(session, "invoice.created", stripe_objects.invoice("in_1", "cus_1", None))
        method = await the_only(session, PaymentMethod)
        assert (owner.email, owner.name, owner.stripe_metadata) == (None, None, {})
        assert (method.billing_email, method.billing_name, method.last4) == (None, None, "4242")
        for stored in await all_of(session, StripeObject):
            assert not any(trace in str(stored.data) for trace in ("Ada", "ada@", "'ada'")), stored.data


async def test_a_truncated_answer_is_ordered_to_be_read_whole(database: Database) -> None:
    async with database.transaction() as session:
        owner = await make_customer(session)
        bill = stripe_objects.invoice("in_1", owner.stripe_id, None)
        bill["lines"]["has_more"] = True
        await mirror.record(session, answer(bill), now=NOW)
        assert (await the_only(session, StripeObject)).refresh_at == NOW


async def test_tax_is_the_sum_of_the_totals_and_null_where_there_is_none(database: Database) -> None:
    async with database.transaction() as session:
        owner = await make_customer(session)
        taxed = stripe_objects.invoice("in_1", owner.stripe_id, None, total_taxes=[{"amount": 100}, {"amount": 20}])
        await tell(session, "invoice.created", taxed)
        assert (await the_only(session, Invoice)).tax == 120
        await tell(session, "invoice.updated", {**taxed, "total_taxes": None}, SECOND + 1)
        assert (await the_only(session, Invoice)).tax is None


async def test_lines_and_items_that_stripe_removed_are_removed_here(database: Database) -> None:
    async with database.transaction() as session:
        owner, price = await make_customer(session), await make_price(session)
        sub = stripe_objects.subscription("sub_1", owner.stripe_id, price.stripe_id)
        bill = stripe_objects.invoice("in_1", owner.stripe_id, "sub_1")
        await tell(session, "customer.subscription.created", sub)
        await tell(session, "invoice.created", bill)
        sub["items"]["data"] = [{**sub["items"]["data"][0], "id": "si_other", "quantity": None}]
        lines = bill["lines"]["data"]
        bill["lines"]["data"] = [{**lines[0], "id": "il_other"}, lines[0]]
        await tell(session, "customer.subscription.updated", sub, SECOND + 1)
        await tell(session, "invoice.updated", bill, SECOND + 1)
        item = await the_only(session, SubscriptionItem)
        assert (item.stripe_id, item.quantity) == ("si_other", 1)
        positions = {line.stripe_id: line.position for line in await all_of(session, InvoiceLine)}
        assert positions == {"il_other": 0, "il_in_1": 1}


async def test_a_pause_of_collection_keeps_its_beginning_and_a_standstill_has_stripes_own(database: Database) -> None:
    async with database.transaction() as session:
        owner, price = await make_customer(session), await make_price(session)
        sub = stripe_objects.subscription("sub_1", owner.stripe_id, price.stripe_id, status="active")
        sub["pause_collection"] = {"behavior": "keep_as_draft", "resumes_at": SECOND + 100}
        await tell(session, "customer.subscription.updated", sub, SECOND)
        await tell(session, "customer.subscription.updated", {**sub, "cancel_at": SECOND + 50}, SECOND + 1)
        row = await the_only(session, Subscription)
        assert row.pause_collection_only is True
        assert row.paused_at == datetime.fromtimestamp(SECOND, UTC)
        assert row.pause_resumes_at == datetime.fromtimestamp(SECOND + 100, UTC)
        stands = {**sub, "status": "paused", "status_details": {"paused": {"transitioned_at": SECOND + 2}}}
        await tell(session, "customer.subscription.paused", stands, SECOND + 3)
        assert row.pause_collection_only is False
        assert row.paused_at == datetime.fromtimestamp(SECOND + 2, UTC)
        goes_on = {**sub, "pause_collection": None}
        await tell(session, "customer.subscription.resumed", goes_on, SECOND + 4)
        assert (row.paused_at, row.pause_collection_only) == (None, None)


async def test_a_setup_intent_takes_its_consent_from_the_session_that_it_stands_behind(database: Database) -> None:
    async with database.transaction() as session:
        owner = await make_customer(session)
        consent = (await grant(session, owner, await publish(session))).consent
        operation = await an_operation(
            session, "createSetupSession", customer_id=owner.id, consent_id=consent.id, intent={"subscription_id": None}
        )
        error = {"code": "setup_intent_authentication_failure", "message": "The customer said no."}
        intent = {
            "id": "seti_1",
            "object": "setup_intent",
            "created": SECOND,
            "customer": owner.stripe_id,
            "status": "requires_payment_method",
            "last_setup_error": error,
            "metadata": made_by(operation),
        }
        await tell(session, "setup_intent.setup_failed", intent)
        row = await the_only(session, SetupIntent)
        assert (row.consent_id, row.failure_code) == (consent.id, "setup_intent_authentication_failure")


async def test_two_transactions_that_learn_of_an_unseen_object_at_once_make_one_row(database: Database) -> None:
    async def learn_once(second: int) -> None:
        async with database.transaction() as session:
            await tell(session, "product.updated", stripe_objects.product("prod_1", name=f"at {second}"), second)

    await asyncio.gather(*(learn_once(SECOND + each) for each in range(8)))
    async with database.read() as session:
        assert (await the_only(session, Product)).name == f"at {SECOND + 7}"


async def test_an_upcoming_invoice_is_a_forecast_and_no_invoice(database: Database) -> None:
    async with database.transaction() as session:
        owner = await make_customer(session)
        with pytest.raises(NotOurs):
            await tell(session, "invoice.upcoming", stripe_objects.invoice("upcoming_in_1", owner.stripe_id, None))


def test_the_subscribed_events_are_those_that_the_design_names_and_that_are_handled() -> None:
    for event in (
        "invoice.created invoice.updated invoice.deleted invoice_payment.paid payment_intent.created "
        "payment_intent.processing setup_intent.created setup_intent.requires_action customer.created "
        "customer.updated customer.deleted product.created product.updated product.deleted price.created "
        "price.updated price.deleted checkout.session.completed checkout.session.expired setup_intent.succeeded "
        "setup_intent.setup_failed setup_intent.canceled payment_method.attached payment_method.detached "
        "payment_method.updated payment_method.automatically_updated mandate.updated payment_intent.succeeded "
        "payment_intent.payment_failed payment_intent.requires_action payment_intent.canceled "
        "customer.subscription.created customer.subscription.updated customer.subscription.deleted "
        "customer.subscription.paused customer.subscription.resumed customer.subscription.trial_will_end "
        "customer.subscription.pending_update_applied customer.subscription.pending_update_expired "
        "invoice.finalized invoice.finalization_failed invoice.paid invoice.payment_failed "
        "invoice.payment_action_required invoice.payment_attempt_required invoice.voided "
        "invoice.marked_uncollectible"
    ).split():
        assert event in SUBSCRIBED_EVENTS
    assert DELETIONS <= SUBSCRIBED_EVENTS


def test_every_mirrored_type_has_a_life_cycle_and_every_event_belongs_to_one_type() -> None:
    assert set(KINDS) == set(LIFE_CYCLES)
    assert len(SUBSCRIBED_EVENTS) == sum(len(kind.events) for kind in KINDS.values())
    told = {
        event for life in LIFE_CYCLES.values() for group in (life.births, *life.turns, life.ends) for event in group
    }
    assert told <= SUBSCRIBED_EVENTS
