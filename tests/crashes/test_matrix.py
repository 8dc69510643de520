"""A part of the crash matrix: each of its columns once, for a payment and for what is stopped in the background.

`make crashes` plays all of it.
"""

import pytest

from billing.procedures import PROCEDURES
from schema.build import build
from tests.conftest import DATABASES
from tests.crashes.conftest import Stage
from tests.crashes.faults import AT_ONCE, DOWN, FULL, KILLED, RESTARTED, UNHEARD, Fault, columns
from tests.crashes.matrix import BACK, NEVER, play
from tests.crashes.places import OnPostgreSQL, is_small
from tests.crashes.rows import CALLS_NOTHING, ROWS

CHARGE, STOP = "chargePaymentMethod", "recordConsent (that covers less)"
PLAYED = [
    (CHARGE, KILLED, NEVER),
    (CHARGE, UNHEARD, BACK),
    (CHARGE, DOWN, BACK),
    (CHARGE, RESTARTED, BACK),
    (CHARGE, FULL, NEVER),
    (CHARGE, AT_ONCE, NEVER),
    (STOP, KILLED, BACK),
    (STOP, FULL, BACK),
]


def test_every_mutation_has_a_row_or_calls_nothing() -> None:
    mutation = build()._schema.mutation_type
    assert mutation is not None
    asked = {row.mutation for row in ROWS.values() if row.mutation}
    assert asked | CALLS_NOTHING == set(mutation.fields)
    assert asked & CALLS_NOTHING == set()


def test_every_operation_has_a_row_that_leads_to_it() -> None:
    led_to = {operation for row in ROWS.values() for operation in row.operations}
    assert set(PROCEDURES) == led_to


@pytest.mark.parametrize("stage", DATABASES, indirect=True)
@pytest.mark.parametrize(("row", "column", "client"), PLAYED)
async def test_whatever_goes_wrong_there_is_one_effect_or_none(
    stage: Stage, row: str, column: str, client: str
) -> None:
    prepared, weather = await stage.prepared(row)
    place = stage.stand.place
    found = columns(weather.steps, postgresql=isinstance(place, OnPostgreSQL), small=is_small(place.disk))
    if not (faults := [each for each in found if each.column == column]):
        pytest.skip("nothing of this kind happens here")
    fault = at_which_most_is_done(faults)
    assert await play(stage.stand, prepared, weather, fault, client) == [], str(fault)


def at_which_most_is_done(faults: list[Fault]) -> Fault:
    """The last one at which Stripe has done what we have not written down."""
    unwritten = [each for each in faults if "during" in each.step or "before" in each.step or "after POST" in each.step]
    return (unwritten or faults)[-1]
