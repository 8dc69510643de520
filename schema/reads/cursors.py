"""Pages: their size, and the cursors between them.

A cursor is the place of a row in the order of its list, time and id, as plain text: the database writes it, and SQLite
has no base64. Clients treat it as opaque.
"""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schema.faults import bad_input
from schema.reads.declarations import DEFAULT_PAGE, LARGEST_PAGE, Said

NO_CURSOR = "`after` is not a cursor of this list; take one from `pageInfo.endCursor`."


def convert_page_size(first: int | None) -> Said:
    """How many rows a page has; the database's planner has to know it. Raises BAD_USER_INPUT."""
    if first is None:
        return Said(str(DEFAULT_PAGE))
    if not 1 <= first <= LARGEST_PAGE:
        raise bad_input(f"`first` may be 1 to {LARGEST_PAGE}; it is {first}.")
    return Said(str(first))


def convert_cursor(after: str | None) -> dict[str, Any] | None:
    """The time and the id behind which a page begins. Raises BAD_USER_INPUT."""
    if after is None:
        return None
    at, _, row_id = after.partition("_")
    try:
        moment = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        return {"at": moment, "id": UUID(row_id)}
    except ValueError:
        raise bad_input(NO_CURSOR) from None


def convert_number(after: str | None) -> int | None:
    """The number behind which a page of numbered rows begins. Raises BAD_USER_INPUT."""
    if after is None:
        return None
    if not re.fullmatch("[0-9]{1,18}", after):
        raise bad_input(NO_CURSOR)
    return int(after)
