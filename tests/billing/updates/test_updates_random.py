"""A few dozen random changes; `bench/bench_changes.py` makes a thousand."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.billing.life import Life
from tests.billing.updates.random_changes import Change, World, a_world, changes, make


@pytest.fixture
async def world(life: Life) -> World:
    return await a_world(life)


@given(change=changes)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_what_was_previewed_is_what_is_billed(world: World, change: Change) -> None:
    await make(world, change)
