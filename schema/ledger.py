"""The ledger: a customer's records of consent, and whether they still add up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from billing import tables
from billing.consents import ledger
from schema.context import Context
from schema.enums import LedgerAction
from schema.nouns import Consent
from schema.reads import column, described, filled, many, node, one
from schema.reads.reading import reference

record: Any = tables.ConsentRecord
_of_customer = record.customer_id == tables.Customer.id


@described
@node(record, "ledger_record", owner="customer_id")
class LedgerRecord:
    """One link of the chain."""

    sequence: int = column(record.sequence, "Its place in the chain, from 1 on.")
    at: datetime = column(record.created_at, "When it was written.")
    action: LedgerAction = column(record.action, "What it says.")
    consent: Consent = one("The consent that it is about.", on=tables.Consent.id == record.consent_id)
    digest: str = column(record.digest, "SHA-256 over the record and the previous digest, in hexadecimal.")
    previous_digest: str | None = column(record.previous_digest, "The digest of the record before; null for the first.")


async def _state(context: Context, customer: dict[str, Any]) -> ledger.LedgerState:
    async with context.runtime.database.read() as session:
        return await ledger.verify(session, UUID(customer["id"]))


async def _is_intact(context: Context, customer: dict[str, Any]) -> bool:
    return (await _state(context, customer)).intact


async def _broken_at(context: Context, customer: dict[str, Any]) -> Any:
    return reference((await _state(context, customer)).broken_at)


@described
class ConsentLedger:
    """The customer's records of consent as an append-only hash chain. `intact` recomputes every record."""

    length: int = column(select(func.count(col(record.id))).where(_of_customer).scalar_subquery(), "How many records.")
    head: str | None = column(
        select(record.digest).where(_of_customer).order_by(col(record.sequence).desc()).limit(1).scalar_subquery(),
        "The digest of the last record; null while there is none.",
    )
    intact: bool = filled(
        "Whether every record, and every row that it speaks of, is as it was written.",
        _is_intact,
        cost=100,
        id=tables.Customer.id,
    )
    broken_at: Consent | None = filled(
        "The first consent with something that is not.", _broken_at, cost=100, id=tables.Customer.id
    )
    records: list[LedgerRecord] = many("The chain, first record first.", on=_of_customer, order=(record.sequence,))
