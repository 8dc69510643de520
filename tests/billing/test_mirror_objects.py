"""The mirror, object by object."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from billing import mirror
from billing.database import Database
from billing.mirror import ParentUnknown
from billing.tables import (
    Customer,
    Invoice,
    Mandate,
    Price,
    Product,
    StripeObject,
)
from tests.billing import stripe_objects
from tests.billing.consent_rows import make_product
from tests.billing.mirroring import NOW, _customer_1, an_operation, answer, made_by, tell, the_only
from tests.billing.stripe_objects import SECOND


async def test_a_mandate_of_an_unknown_method_is_kept_without_where_it_was_given(database: Database) -> None:
    online = {"ip_address": "203.0.113.7", "user_agent": "Firefox"}
    data = {
        "id": "mandate_1",
        "object": "mandate",
        "payment_method": "pm_unknown",
        "status": "inactive",
        "customer_acceptance": {"type": "online", "online": online},
    }
    async with database.transaction() as session:
        await tell(session, "mandate.updated", data)
        row = await the_only(session, Mandate)
        assert (row.payment_method_stripe_id, row.status) == ("pm_unknown", "inactive")
        kept = (await the_only(session, StripeObject)).data
        assert kept["customer_acceptance"]["online"] == {"ip_address": None, "user_agent": None}


async def test_products_and_prices_made_at_stripe_itself_are_mirrored(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(ParentUnknown):
            async with session.begin_nested():
                await tell(session, "price.created", stripe_objects.price("price_1", "prod_1"))
        await tell(session, "product.created", stripe_objects.product("prod_1"))
        await tell(session, "price.created", stripe_objects.price("price_1", "prod_1", lookup_key="pro"))
        product, price = await the_only(session, Product), await the_only(session, Price)
        assert price.product_id == product.id
        assert (price.currency, price.unit_amount, price.interval_unit, price.lookup_key) == (
            "USD",
            1500,
            "month",
            "pro",
        )
        assert price.self_service is False


async def test_self_service_is_the_operations_and_stays_ours(database: Database) -> None:
    async with database.transaction() as session:
        product = await make_product(session)
        operation = await an_operation(session, "createPrice", intent={"self_service": True})
        data = stripe_objects.price("price_1", product.stripe_id, metadata=made_by(operation))
        await tell(session, "price.created", data)
        data["metadata"] = {**data["metadata"], "assent_self_service": "false"}
        await tell(session, "price.updated", data, SECOND + 1)
        row = await the_only(session, Price)
        assert (row.id, row.self_service) == (operation.node_id, True)


@pytest.mark.parametrize("type", ["customer", "product", "price", "invoice"])
async def test_a_deletion_stays_whatever_comes_after_it(database: Database, type: str) -> None:
    async with database.transaction() as session:
        data, table = await _something(session, type)
        for name in ("deleted", "created", "updated"):
            await tell(session, f"{type}.{name}", data, SECOND + (name == "updated"))
        row: Any = await the_only(session, table)
        assert row.status == "deleted" if type == "invoice" else row.deleted_at == datetime.fromtimestamp(SECOND, UTC)


async def _something(session: AsyncSession, type: str) -> tuple[dict[str, Any], type[SQLModel]]:
    if type == "customer":
        return stripe_objects.customer((await _customer_1(session)).stripe_id), Customer
    if type == "product":
        return stripe_objects.product("prod_1"), Product
    if type == "price":
        return stripe_objects.price("price_1", (await make_product(session)).stripe_id), Price
    return stripe_objects.invoice("in_1", (await _customer_1(session)).stripe_id, None), Invoice


async def test_an_object_that_stripe_no_longer_knows_is_gone_here_too(database: Database) -> None:
    async with database.transaction() as session:
        await tell(session, "product.created", stripe_objects.product("prod_1"))
        await mirror.gone(session, "prod_1", now=NOW)
        await mirror.gone(session, "prod_never_seen", now=NOW)
        assert (await the_only(session, Product)).deleted_at == NOW


async def test_an_answer_that_says_deleted_keeps_what_was_known(database: Database) -> None:
    async with database.transaction() as session:
        await tell(session, "customer.updated", stripe_objects.customer((await _customer_1(session)).stripe_id))
        await mirror.record(session, answer({"id": "cus_1", "object": "customer", "deleted": True}), now=NOW)
        row = await the_only(session, Customer)
        assert (row.email, row.deleted_at) == ("ada@example.com", datetime.fromtimestamp(SECOND, UTC))
