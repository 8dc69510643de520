"""Whatever is sent, the server answers, and never with a fault of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzzing import FIELDS, ROOTS, Target, fuzz, rounds, target
from tests.hostile import requests_of
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox

# Of each field as each caller; `make fuzz` sends 200.
EXAMPLES = 1


@pytest.fixture
def aim(database_url: str, tmp_path: Path) -> Iterator[Target]:
    """A real server with everything of two customers in it, and a sandbox of its own: others use the same keys."""
    with (
        RunningSandbox(tmp_path) as stripe,
        RunningAssent(tmp_path, database_url, stripe.base_url) as assent,
        target(assent) as aimed,
    ):
        yield aimed


def test_generated_documents_meet_no_fault(aim: Target) -> None:
    for name, caller in rounds(FIELDS, aim.callers):
        fuzz(aim, name, caller, EXAMPLES)
    assert aim.sent >= len(FIELDS) * len(aim.callers)
    assert "Traceback" not in aim.assent.log


def test_hostile_values_meet_no_fault_in_any_place(aim: Target) -> None:
    for root in ROOTS:
        for name, definition in (root.fields if root else {}).items():
            kind = "query" if root is ROOTS[0] else "mutation"
            for document, variables in requests_of(kind, name, definition):
                aim.send(document, "admin key", variables)
    assert aim.sent > 500
    assert "Traceback" not in aim.assent.log
