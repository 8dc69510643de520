"""API keys: shown once, kept as a hash, gone when revoked."""

from datetime import UTC, datetime

import pytest

from billing import keys
from billing.database import Database
from billing.errors import Conflict, InvalidInput, NotFound
from billing.settings import Environment
from billing.signals import Signals
from billing.tables import KeyScope

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)


async def create(database: Database, name: str, scope: KeyScope = KeyScope.WRITE) -> str:
    async with database.transaction() as session:
        _, text = await keys.create(session, name, scope, NOW, environment=Environment.PRODUCTION)
    return text


async def test_a_key_opens_what_its_scope_says_and_its_text_is_kept_nowhere(database: Database) -> None:
    text = await create(database, "shop", KeyScope.READ)
    assert text.startswith("ak_production_")
    assert len(text) > 50
    async with database.read() as session:
        key = await keys.verify(session, text)
        assert key is not None
        assert (key.name, key.scope) == ("shop", "read")
        assert text not in repr(key.model_dump())
        assert await keys.is_active(session, key.id)


async def test_two_keys_are_never_the_same(database: Database) -> None:
    assert await create(database, "one") != await create(database, "two")


@pytest.mark.parametrize("text", ["", "ak_", "ak_production_", "ak_production_x", "é"])
async def test_what_is_no_key_opens_nothing(database: Database, text: str) -> None:
    await create(database, "shop")
    async with database.read() as session:
        assert await keys.verify(session, text) is None


async def test_a_key_that_differs_in_one_character_opens_nothing(database: Database) -> None:
    text = await create(database, "shop")
    async with database.read() as session:
        assert await keys.verify(session, text[:-1] + ("a" if text[-1] != "a" else "b")) is None
        assert await keys.verify(session, text.upper()) is None


async def test_a_revoked_key_opens_nothing_and_stays_listed(database: Database) -> None:
    text = await create(database, "shop")
    async with database.transaction() as session:
        key = await keys.revoke(session, Signals(), "shop", NOW)
        await keys.revoke(session, Signals(), "shop", datetime.max.replace(tzinfo=UTC))
    async with database.read() as session:
        assert await keys.verify(session, text) is None
        assert not await keys.is_active(session, key.id)
        assert [(each.name, each.revoked_at) for each in await keys.list_all(session)] == [("shop", NOW)]


async def test_a_name_is_taken_for_ever(database: Database) -> None:
    await create(database, "shop")
    async with database.transaction() as session:
        await keys.revoke(session, Signals(), "shop", NOW)
    with pytest.raises(Conflict, match="shop"):
        await create(database, "shop")


@pytest.mark.parametrize("name", ["CUSTOMER", "ASSENT", " ", "n" * 101])
async def test_a_name_that_would_mislead_the_records_is_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput):
        await create(database, name)


async def test_revoking_what_is_not_there_says_so(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(NotFound, match="nobody"):
            await keys.revoke(session, Signals(), "nobody", NOW)
