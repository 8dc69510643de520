"""Objects whose operation a restored backup does not know: what they rest on is believed by the ledger's own digest."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from billing.anchors import anchor
from billing.database import Database
from billing.tables import Consent, ConsentUsage, Payment, Subscription, new_id
from tests.billing import stripe_objects
from tests.billing.mirroring import an_operation, made_by, tell, the_only
from tests.billing.stripe_objects import SECOND
from tests.factories import create_consent, create_customer, create_record

DAY = 24 * 3600


def id_of(second: float) -> UUID:
    """A UUIDv7 of then."""
    return UUID(int=int(second * 1000) << 80 | 7 << 76 | 2 << 62 | uuid4().int >> 68)


async def agreed(session: AsyncSession, **changes: Any) -> tuple[Consent, dict[str, str]]:
    """A consent, and the metadata of what was made with it by an operation that is lost."""
    customer = await create_customer(session, stripe_id="cus_1")
    consent = await create_consent(session, customer, **changes)
    await create_record(session, consent)
    lost = {"assent_operation": str(id_of(SECOND - 2)), "assent_id": str(new_id())}
    return consent, {**lost, **await anchor(session, consent)}


async def paid(session: AsyncSession, metadata: dict[str, str], **changes: Any) -> Payment:
    intent = stripe_objects.payment_intent("pi_1", "cus_1", metadata=metadata, status="succeeded", **changes)
    await tell(session, "payment_intent.succeeded", intent, intent["created"])
    return await the_only(session, Payment)


async def test_they_rest_on_the_consent_that_they_name(database: Database) -> None:
    async with database.transaction() as session:
        consent, metadata = await agreed(session)
        assert (await paid(session, metadata)).consent_id == consent.id
        data = stripe_objects.subscription("sub_1", "cus_1", "price_1", metadata=metadata)
        await tell(session, "customer.subscription.created", data)
        row = await the_only(session, Subscription)
        assert (row.managed, row.consent_id) == (True, consent.id)


@pytest.mark.parametrize(
    "change",
    [
        {"assent_consent_digest": "0" * 64},
        {"assent_consent": str(uuid4())},
        {"assent_consent": "x"},
        {"assent_operation": "x"},
        {"assent_operation": str(id_of(SECOND - 2 * DAY))},  # copied: forgotten since, and not lost
        {"assent_operation": str(id_of(SECOND + DAY))},
    ],
)
async def test_what_does_not_fit_is_not_believed(database: Database, change: dict[str, str]) -> None:
    async with database.transaction() as session:
        _, metadata = await agreed(session)
        assert (await paid(session, {**metadata, **change})).consent_id is None


async def test_metadata_of_an_operation_that_is_not_lost_were_copied(database: Database) -> None:
    async with database.transaction() as session:
        consent, _ = await agreed(session)
        known = await an_operation(session, "createSetupSession", id=id_of(SECOND))
        assert (await paid(session, made_by(known, **await anchor(session, consent)))).consent_id is None


async def test_another_customers_consent_is_not_believed(database: Database) -> None:
    async with database.transaction() as session:
        _, metadata = await agreed(session)
        await create_customer(session, stripe_id="cus_2")
        assert (await paid(session, metadata, customer="cus_2")).consent_id is None


async def test_one_payment_is_used_up_also_by_a_lost_operation(database: Database) -> None:
    async with database.transaction() as session:
        usage = {"usage": ConsentUsage.ONE_TIME, "interval_unit": None, "interval_count": None}
        consent, metadata = await agreed(session, **usage)
        await paid(session, metadata)
        assert str(consent.used_by_id) == metadata["assent_operation"]
