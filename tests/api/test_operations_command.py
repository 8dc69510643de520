"""`assent operations`: what nobody knows the outcome of is shown to a person, and settled by one."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from billing.database import Database
from billing.tables import Operation, new_id
from tests.api.commands import REAL, refusal, run


async def leave(file: Path) -> Operation:
    """A charge of which Stripe has nothing."""
    now = datetime(2026, 11, 26, 6, tzinfo=UTC)
    params = {"amount": 1500, "currency": "usd", "metadata": {"assent_operation": "none"}}
    operation = Operation(
        id=new_id(),
        created_at=now,
        mutation="chargePaymentMethod",
        party="merchant",
        key="key",
        input_hash="",
        actor="back office",
        intent={"amount": 1500, "currency": "USD"},
        node_id=new_id(),
        status="UNKNOWN",
        step="charge",
        request={"method": "post", "path": "/v1/payment_intents", "params": params},
        first_sent_at=now,
        due_at=now,
        updated_at=now,
    )
    database = Database(f"sqlite:///{file}")
    async with database.transaction() as session:
        session.add(operation.model_copy())
    await database.close()
    return operation


def test_what_is_unknown_is_listed_and_settled(migrated: Path, stripe: str) -> None:
    given = {**REAL, "STRIPE_API_BASE": stripe}
    assert run(migrated, "operations", "list", **given).stdout == "The outcome of every operation is known.\n"
    left = asyncio.run(leave(migrated / "var" / "assent.sqlite3"))
    listed = run(migrated, "operations", "list", **given).stdout
    assert listed == f"{left.id}  chargePaymentMethod 15.00 USD, sent 2026-11-26 06:00:00 UTC by back office\n"
    settled = run(migrated, "operations", "settle", str(left.id), **given)
    assert settled.stdout.startswith("Stripe has nothing of it: its client may call again")
    assert "known: RELEASED" in refusal(migrated, "operations", "settle", str(left.id), **given)
    assert "no operation's id" in refusal(migrated, "operations", "settle", "charge", **given)
    assert "no such operation" in refusal(migrated, "operations", "settle", str(new_id()), **given)
