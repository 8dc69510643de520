"""The mirror: whose objects are Assent's, and what is believed of their metadata."""

from datetime import UTC, datetime

import pytest

from billing import mirror
from billing.database import Database
from billing.mirror import NotOurs, ParentUnknown
from billing.tables import (
    Customer,
    PaymentMethod,
    SetupSession,
    StripeObject,
    Subscription,
    new_id,
)
from tests.billing import stripe_objects
from tests.billing.consent_rows import make_customer
from tests.billing.mirroring import NOW, _customer_1, all_of, an_operation, answer, made_by, tell, the_only
from tests.billing.stripe_events import an_event, learn
from tests.billing.stripe_objects import SECOND


async def test_an_event_before_the_answer_makes_the_row_that_the_operation_reserved(database: Database) -> None:
    async with database.transaction() as session:
        operation = await an_operation(session, "createCustomer", intent={"external_id": "ada"})
        data = stripe_objects.customer("cus_1", metadata=made_by(operation, plan="gold"))
        await tell(session, "customer.created", data)
        row = await the_only(session, Customer)
        assert (row.id, row.external_id, row.stripe_id) == (operation.node_id, "ada", "cus_1")
        assert row.stripe_metadata == {"plan": "gold"}
        assert (await the_only(session, StripeObject)).customer_stripe_id == "cus_1"
        recorded = await mirror.record(session, answer(data), now=NOW)
        assert isinstance(recorded, Customer)
        assert recorded.id == row.id


@pytest.mark.parametrize("forged", ["unknown", "other id", "not an id", "other mutation", "nothing"])
async def test_a_customer_whose_metadata_name_no_operation_of_ours_is_not_ours(database: Database, forged: str) -> None:
    async with database.transaction() as session:
        operation = await an_operation(session, "createCustomer", intent={"external_id": "ada"})
        other = await an_operation(session, "createProduct")
        metadata = {
            "unknown": {"assent_operation": str(new_id()), "assent_id": str(operation.node_id)},
            "other id": {"assent_operation": str(operation.id), "assent_id": str(new_id())},
            "not an id": {"assent_operation": "x", "assent_id": "y"},
            "other mutation": made_by(other),
            "nothing": {},
        }[forged]
        with pytest.raises(NotOurs):
            await tell(session, "customer.created", stripe_objects.customer("cus_1", metadata=metadata))
        assert await all_of(session, Customer) == []
        kept = await the_only(session, StripeObject)
        assert kept.data == {"id": "cus_1", "object": "customer"}, "nothing personal of a stranger is kept"


async def test_metadata_copied_to_a_second_customer_make_no_second_row(database: Database) -> None:
    async with database.transaction() as session:
        operation = await an_operation(session, "createCustomer", intent={"external_id": "ada"})
        await tell(session, "customer.created", stripe_objects.customer("cus_1", metadata=made_by(operation)))
        with pytest.raises(NotOurs):
            await tell(session, "customer.created", stripe_objects.customer("cus_2", metadata=made_by(operation)))
        assert (await the_only(session, Customer)).stripe_id == "cus_1"


async def test_what_is_ours_of_a_customer_is_not_overwritten_by_later_metadata(database: Database) -> None:
    async with database.transaction() as session:
        operation = await an_operation(session, "createCustomer", intent={"external_id": "ada"})
        await tell(session, "customer.created", stripe_objects.customer("cus_1", metadata=made_by(operation)))
        other = await an_operation(session, "createCustomer", intent={"external_id": "bob"})
        changed = stripe_objects.customer("cus_1", metadata=made_by(other), name="Ada L.")
        await tell(session, "customer.updated", changed, SECOND + 1)
        row = await the_only(session, Customer)
        assert (row.id, row.external_id, row.name) == (operation.node_id, "ada", "Ada L.")


async def test_a_subscription_with_the_operation_of_another_customer_is_not_managed(database: Database) -> None:
    async with database.transaction() as session:
        made = await stripe_objects.a_reserved_subscription(session, NOW)
        other = await make_customer(session)
        forged = stripe_objects.subscription("sub_1", other.stripe_id, made.price.stripe_id, metadata=made.metadata)
        await tell(session, "customer.subscription.created", forged)
        row = await the_only(session, Subscription)
        assert (row.managed, row.consent_id, row.customer_id) == (False, None, other.id)
        assert row.id != made.node_id


async def test_a_checkout_session_of_somebody_elses_is_not_ours(database: Database) -> None:
    async with database.transaction() as session:
        owner = await make_customer(session)
        session_of_theirs = {
            "id": "cs_1",
            "object": "checkout.session",
            "created": SECOND,
            "mode": "setup",
            "status": "complete",
            "customer": owner.stripe_id,
            "payment_method_types": ["card"],
            "expires_at": SECOND,
            "metadata": {},
        }
        with pytest.raises(NotOurs):
            await tell(session, "checkout.session.completed", session_of_theirs)
        assert await all_of(session, SetupSession) == []


async def test_an_object_of_an_unknown_customer_waits_and_one_of_a_stranger_does_not(database: Database) -> None:
    method = stripe_objects.payment_method("pm_1", "cus_9")
    with pytest.raises(ParentUnknown) as unknown:
        async with database.transaction() as session:
            await tell(session, "payment_method.attached", method)
    assert (unknown.value.stripe_id, unknown.value.type) == ("cus_9", "customer")
    async with database.transaction() as session:
        assert await mirror.record(session, answer(stripe_objects.customer("cus_9")), now=NOW) is None
        with pytest.raises(NotOurs):
            await tell(session, "payment_method.attached", method)


async def test_a_detached_method_keeps_whose_it_was_in_whichever_order_stripe_tells(database: Database) -> None:
    attached = an_event("payment_method.attached", stripe_objects.payment_method("pm_1", "cus_1"), SECOND)
    detached = an_event(
        "payment_method.detached",
        stripe_objects.payment_method("pm_1", None),
        SECOND + 5,
        previous={"customer": "cus_1"},
    )
    for order in ([attached, detached], [detached, attached]):
        async with database.transaction() as session:
            owner = await _customer_1(session)
            for event in order:
                await learn(session, event, NOW)
            row = await the_only(session, PaymentMethod)
            assert row.customer_id == owner.id
            assert row.detached_at == datetime.fromtimestamp(SECOND + 5, UTC)
            await session.delete(row)
            for stored in await all_of(session, StripeObject):
                await session.delete(stored)
