"""Where the matrix is played in tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from structlog.testing import capture_logs

from tests.crashes.matrix import Weather, fair_weather
from tests.crashes.places import place
from tests.crashes.rows import ROWS
from tests.crashes.stand import Prepared, Stand


class Stage:
    """A stand, and the rows that have been prepared on it."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self._prepared: dict[str, tuple[Prepared, Weather]] = {}

    async def prepared(self, row: str) -> tuple[Prepared, Weather]:
        """The row, and what it does in fair weather; prepared once."""
        if row not in self._prepared:
            prepared = await self.stand.prepare(ROWS[row])
            self._prepared[row] = prepared, await fair_weather(self.stand, prepared)
        return self._prepared[row]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What goes wrong here is meant to, and its traces take longer to draw than the rest of a test."""
    with capture_logs():
        yield


@pytest.fixture(scope="session")
def stage_on() -> Iterator[Callable[[str], Stage]]:
    """A stage on one of the databases; there is one of each."""
    stages: dict[str, Stage] = {}
    with ExitStack() as stack:

        def provide(database: str) -> Stage:
            if database not in stages:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="assent-crashes-")))
                folder.chmod(0o755)  # PostgreSQL is another user
                stages[database] = Stage(Stand(stack.enter_context(place(database, folder)), folder))
            return stages[database]

        yield provide


@pytest.fixture
def stage(request: pytest.FixtureRequest, stage_on: Callable[[str], Stage]) -> Stage:
    """That of the test's database."""
    chosen = request.config.getoption("--db")
    if chosen not in (None, request.param):
        pytest.skip("another database was asked for")
    return stage_on(request.param)
