import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from billing.database import Database
from tests.postgres import OPTIONS, postgres_url

ROOT = Path(__file__).parent.parent

HOLD_A_SERVER = """
from tests.postgres import running_postgres
with running_postgres() as folder:
    print(folder, flush=True)
    input()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_killed_test_run_leaves_no_server() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_A_SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin
    assert holder.stdout
    with holder.stdin, holder.stdout:
        folder = Path(holder.stdout.readline().strip())
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        assert is_alive(server)
        holder.kill()
        holder.wait()
    deadline = time.monotonic() + 10
    while is_alive(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(server)
    shutil.rmtree(folder)


def is_alive(process: int) -> bool:
    """A zombie, which waits only for a parent to read its end, is not."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_no_commit_of_ours_is_answered_before_it_is_written(postgres: Path) -> None:
    assert OPTIONS["synchronous_commit"] == "off", "or this shows nothing"
    database = Database(postgres_url(postgres, "postgres"))
    for open_session in (database.transaction, database.read):
        async with open_session() as session:
            shown = await (await session.connection()).exec_driver_sql("SHOW synchronous_commit")
            assert shown.scalar() == "on"
    await database.close()
