"""Operations are forgotten after 30 days, but for those that something still rests on."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import select

from billing.callers import ASSENT
from billing.database import Database
from billing.operations.pruning import KEPT, PAGE, prune
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import Operation, OperationStatus, new_id
from tests import factories as make
from tests.factories import NOW

LONG_AGO = NOW - KEPT - timedelta(minutes=5)


def runtime_of(database: Database) -> Runtime:
    gateway = StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")
    return Runtime(database, gateway, allows_redirect=lambda _: True, clock=lambda: NOW)


def operation(key: str, over_at: datetime = LONG_AGO, **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "created_at": over_at,
        "mutation": "chargePaymentMethod",
        "party": "merchant",
        "key": key,
        "input_hash": "0" * 64,
        "actor": "backend",
        "intent": {"amount": 500},
        "node_id": new_id(),
        "status": OperationStatus.SUCCEEDED,
        "due_at": over_at,
        "updated_at": over_at,
    }
    return Operation(**(values | changes))


async def kept(database: Database) -> set[str]:
    async with database.read() as session:
        return set((await session.exec(select(Operation.key))).all())


async def test_what_a_client_asked_for_is_forgotten_thirty_days_after_its_end(database: Database) -> None:
    async with database.transaction() as session:
        for status in (OperationStatus.SUCCEEDED, OperationStatus.FAILED, OperationStatus.RELEASED):
            session.add(operation(f"old {status}", status=status))
            session.add(operation(f"young {status}", NOW - KEPT + timedelta(minutes=5), status=status))
        session.add(operation("begun long ago", LONG_AGO, updated_at=NOW - timedelta(days=29)))
        session.add(operation("a customer's", party=str(new_id()), actor="CUSTOMER"))
    assert await prune(runtime_of(database)) == 4
    assert await kept(database) == {"young SUCCEEDED", "young FAILED", "young RELEASED", "begun long ago"}


async def test_what_has_no_end_is_kept(database: Database) -> None:
    async with database.transaction() as session:
        session.add(operation("pending", status=OperationStatus.PENDING))
        session.add(operation("unknown", status=OperationStatus.UNKNOWN))
    assert await prune(runtime_of(database)) == 0
    assert await kept(database) == {"pending", "unknown"}


async def test_what_assent_did_by_itself_is_kept_that_it_is_not_done_again(database: Database) -> None:
    async with database.transaction() as session:
        session.add(operation("refund of in_1", mutation="refundInvoice", actor=ASSENT))
    assert await prune(runtime_of(database)) == 0


async def test_the_payment_that_used_up_a_consent_can_give_it_back_for_ever(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make.create_customer(session)
        user = operation("its one payment", customer_id=customer.id)
        session.add_all([user, operation("another payment", customer_id=customer.id)])
        await make.create_consent(session, customer, used_by_id=user.id)
    assert await prune(runtime_of(database)) == 1
    assert await kept(database) == {"its one payment"}


async def test_there_may_be_more_than_a_page(database: Database) -> None:
    async with database.transaction() as session:
        session.add_all([operation(str(number)) for number in range(PAGE + 3)])
    assert await prune(runtime_of(database)) == PAGE + 3
    assert await kept(database) == set()
