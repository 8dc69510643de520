"""Lives that are recorded once for all tests of a process that walk their orders."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.billing.orders.recording import Recorded, record_all


@pytest.fixture(scope="session")
def recordings(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    """All of the lives, each from a sandbox of its own."""
    folder = tmp_path_factory.mktemp("recordings")
    return asyncio.run(record_all(folder, f"sqlite:///{shutil.copy(sqlite_template, folder)}"))
