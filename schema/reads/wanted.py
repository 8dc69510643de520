"""For what a statement is made, beside what is selected."""

from typing import NamedTuple

# The level of rows that are looked up: what finds them takes up that of one.
LOOKED_UP = 2
# How many rows below each other to try, where the parser of the database has no room for all. A row that is looked up,
# and one below it, have to fit in.
LEVELS = (7, 5, LOOKED_UP + 1)


class Declined(Exception):
    """This cannot be answered by one statement alone."""


class Wanted(NamedTuple):
    """For whom, and of which arguments' values, a statement is made; the rest are values to bind.

    `deepest` is how many rows there may be below each other; at that level a row only tells where to go on reading.
    `marked` rows tell the executor what it needs to know of them, and are no answer for clients.
    """

    dialect: str
    given: frozenset[tuple[str, str]]
    for_customer: bool
    deepest: int
    marked: bool = True

    @property
    def words(self) -> dict[str, str]:
        """What the statement has to know of each argument that is given."""
        return dict(self.given)
