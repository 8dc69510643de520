"""What an operator is told of each operation, over HTTP and over sockets: its root field, its outcome, its time."""

import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from billing.metrics import GRAPHQL_SECONDS
from schema.faults import INTERNAL, TIMEOUT

# The labels are looked for once.
_seconds = cache(GRAPHQL_SECONDS.labels)


def observe(root_field: str, outcome: str, started: float) -> None:
    """Counts an operation that began at `started`, by `time.monotonic`."""
    _seconds(root_field, outcome).observe(time.monotonic() - started)


def outcome_of(errors: Iterable[Mapping[str, Any]]) -> str:
    """`fault`, where something went wrong on our side; errors that the client was meant to see are `errors`."""
    codes = {(error.get("extensions") or {}).get("code") for error in errors}
    return "fault" if codes & {INTERNAL, TIMEOUT} else "errors" if codes else "ok"
