"""Prorations are reckoned by Stripe's clock, wherever ours stands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.runtime import utc_now
from tests.billing.changing import subscribed
from tests.billing.life import Life


@pytest.mark.parametrize("previewed", [True, False])
async def test_the_rest_of_a_period_is_reckoned_as_of_stripes_own_second(life: Life, *, previewed: bool) -> None:
    it = await subscribed(life.runtime, life.sandbox)
    row = await it.row()
    assert row.current_period_start is not None
    assert row.current_period_end is not None
    length = row.current_period_end - row.current_period_start
    life.sandbox.advance_to(row.current_period_start + length / 2)
    it.runtime = replace(life.runtime, clock=utc_now)
    token = (await it.preview(it.dearer)).token if previewed else None
    assert (await it.update(it.dearer, preview_token=token)).error is None
    assert await it.charged() == [1500, 500], "half of the ten dollars more"
    [newest, *_] = await it.invoices()
    starts = [line["period"]["start"] for line in newest["lines"]["data"]]
    assert all(abs(each - (row.current_period_start + length / 2).timestamp()) < 60 for each in starts)
    assert life.sandbox.now() - utc_now() > timedelta(days=10)
