"""Under which externalId customers are taken in, and what becomes of those who would share one."""

import pytest

from billing.errors import InvalidInput
from billing.recovery import Outcome, first_import, importing
from tests.billing.accounts import an_account, external_ids
from tests.billing.life import Life
from tests.billing.recovering import take_in


async def test_an_external_id_comes_from_the_metadata_key_and_else_from_stripe(life: Life) -> None:
    first, second = an_account(life, 2, user_id="user-{}")
    unnamed = life.sandbox.client().v1.customers.create({"email": "unnamed@example.com"}).id

    report = await take_in(life.runtime, "user_id")

    assert await external_ids(life.runtime) == {first: "user-0", second: "user-1", unnamed: unnamed}
    assert report.collisions == 0


async def test_who_comes_later_with_the_same_external_id_is_taken_in_and_reported(life: Life) -> None:
    client = life.sandbox.client()
    older, newer = (client.v1.customers.create({"metadata": {"user_id": "ada"}}).id for _ in range(2))

    report = await take_in(life.runtime, "user_id")

    assert await external_ids(life.runtime) == {newer: "ada", older: older}
    assert report.collisions == 1
    assert report.kinds["customer"].examples[-1] == (f"customer {older} added (externalId 'ada' belongs to {newer})")
    again = await take_in(life.runtime, "user_id")
    assert (again.collisions, again.count(Outcome.ADDED, Outcome.DIFFERED)) == (1, 0)
    client.v1.customers.update(older, {"metadata": {"user_id": "bob"}})
    life.sandbox.advance(seconds=5)
    assert (await take_in(life.runtime, "user_id")).collisions == 0
    assert (await external_ids(life.runtime))[older] == "bob"


async def test_an_external_id_that_cannot_be_one_is_reported_and_nobody_is_left_out(life: Life) -> None:
    odd = life.sandbox.client().v1.customers.create({"metadata": {"user_id": "x" * 300}}).id

    report = await take_in(life.runtime, "user_id")

    assert await external_ids(life.runtime) == {odd: odd}
    assert report.collisions == 1


async def test_a_customer_of_assent_whose_database_was_lost_keeps_the_external_id(life: Life) -> None:
    metadata = {importing.OURS: "user-7", "user_id": "other"}
    life.sandbox.client().v1.customers.create({"metadata": metadata})

    await take_in(life.runtime, "user_id")

    assert list((await external_ids(life.runtime)).values()) == ["user-7"]


@pytest.mark.parametrize("key", ["", " ", "k" * 41, "a[b]"])
def test_a_key_that_metadata_cannot_have_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="--external-id-key"):
        first_import(key)
