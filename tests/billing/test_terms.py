import asyncio
import hashlib
from typing import Any

import pytest

from billing import terms
from billing.database import Database
from billing.errors import InvalidInput, NotAllowed, TermsIncomplete
from tests.billing.consent_rows import NOW, customer_caller, make_customer, publish


async def test_the_body_is_the_title_and_the_clauses_and_its_hash_is_that_of_its_bytes(database: Database) -> None:
    async with database.transaction() as session:
        made = await publish(session, title="Członkostwo", permission=" Größe.\r\nŁódź. ")
    assert made.version == 1
    assert made.body.startswith("# Członkostwo\n\nGröße.\nŁódź.\n\nOnce a month")
    assert made.body.endswith("Cancel at any time; you are not charged again.\n")
    assert made.sha256 == hashlib.sha256(made.body.encode()).hexdigest()


async def test_another_text_is_the_next_version_and_the_same_text_is_the_current_one(database: Database) -> None:
    async with database.transaction() as session:
        first = await publish(session)
        again = await publish(session)
        second = await publish(session, timing="Once a year.")
        back = await publish(session)
        elsewhere = await publish(session, locale="de")
        assert [each.version for each in (first, again, second, back, elsewhere)] == [1, 1, 2, 3, 1]
        assert first.id == again.id
        assert await terms.current(session, "membership", "en") == back
        assert await terms.is_current(session, back)
        assert not await terms.is_current(session, first)
        assert await terms.current(session, "membership", "fr") is None


async def test_versions_published_at_once_are_numbered_without_a_gap(database: Database) -> None:
    async def one(number: int) -> int:
        async with database.transaction() as session:
            return (await publish(session, timing=f"Every {number} days.")).version

    assert sorted(await asyncio.gather(*(one(each) for each in range(8)))) == list(range(1, 9))


async def test_the_same_text_published_at_once_is_one_version(database: Database) -> None:
    async def one() -> str:
        async with database.transaction() as session:
            return str((await publish(session)).id)

    assert len(set(await asyncio.gather(*(one() for _ in range(6))))) == 1


async def test_every_missing_clause_is_named(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(TermsIncomplete) as refused:
            await publish(session, permission=" ", timing="", amount_determination="\n", cancellation_policy=None)
    assert refused.value.missing == ("permission", "timing", "amountDetermination", "cancellationPolicy")


async def test_only_recurring_terms_need_a_cancellation_policy(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(TermsIncomplete) as refused:
            await publish(session, cancellation_policy="  ")
        assert refused.value.missing == ("cancellationPolicy",)
        made = await publish(session, usage="UNSCHEDULED", cancellation_policy="")
        assert made.cancellation_policy is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""),
        ("slug", "Big Words"),
        ("slug", "-x"),
        ("slug", "x" * 65),
        ("locale", "english"),
        ("locale", "en_US"),
        ("locale", "EN"),
        ("title", " "),
        ("title", "x" * 201),
        ("title", "two\nlines"),
        ("timing", "x" * 20_001),
        ("permission", "a\0b"),
    ],
)
async def test_what_is_wrong_is_named(database: Database, field: str, value: str) -> None:
    changes: dict[str, Any] = {field: value}
    async with database.transaction() as session:
        with pytest.raises(InvalidInput) as refused:
            await publish(session, **changes)
    assert {each.path for each in refused.value.problems} == {("input", field)}


@pytest.mark.parametrize("locale", ["en", "pt-BR", "zh-Hant-TW", "es-419", "fil"])
async def test_locales_are_bcp_47_tags(database: Database, locale: str) -> None:
    async with database.transaction() as session:
        assert (await publish(session, locale=locale)).locale == locale


async def test_a_customer_publishes_nothing(database: Database) -> None:
    async with database.transaction() as session:
        customer = await make_customer(session)
        with pytest.raises(NotAllowed):
            await terms.publish(
                session,
                customer_caller(customer),
                slug="x",
                locale="en",
                title="x",
                usage="UNSCHEDULED",
                permission="x",
                timing="x",
                amount_determination="x",
                cancellation_policy=None,
                now=NOW,
            )
