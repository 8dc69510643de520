"""No charge outside of its consent's scope, and none inside refused, whatever happens in whatever order."""

import asyncio
import os
from typing import Any

from hypothesis import HealthCheck, given, settings

from billing.database import Database
from billing.stripe_gateway import StripeGateway
from tests.billing.charging_story import Counts, Story
from tests.billing.random_charges import stories

# Stories of up to fifteen steps each; `bench/bench_consents.py` plays thousands.
STORIES = int(os.environ.get("RANDOM_STORIES", "40"))


def test_random_charges_stay_within_random_consents(database_url: str) -> None:
    counts = Counts()
    with asyncio.Runner() as runner:
        database, gateway = runner.run(opened(database_url))

        # Each story has a customer of its own, so that one database does for all.
        @settings(max_examples=STORIES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(stories)
        def play(story: list[Any]) -> None:
            runner.run(Story(database, gateway, counts).play(story))

        try:
            play()
        finally:
            runner.run(database.close())
    assert counts.allowed > STORIES // 2
    assert counts.refused > STORIES // 2


async def opened(url: str) -> tuple[Database, StripeGateway]:
    """A gateway that nobody uses: every answer is told by the story."""
    return Database(url), StripeGateway("sk_test_unused", account="acct_test", base="http://127.0.0.1:9")
