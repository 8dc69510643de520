"""Trusted documents on two servers: what the command adds and removes, both know, without a restart."""

import time
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from tests.api.commands import run
from tests.running_assent import RunningAssent, eventually
from tests.running_sandbox import RunningSandbox

DOCUMENT = "query One { __typename }"
ID = sha256(DOCUMENT.encode()).hexdigest()
# Seconds: what the documentation promises of any process is thirty.
SOON = {"notify": 5, "poll": 10}


def status(server: RunningAssent) -> int:
    asked = {"json": {"documentId": ID}, "headers": {"Authorization": f"Bearer {server.key}"}}
    answer = httpx.post(f"{server.base_url}/graphql", trust_env=False, timeout=60, **asked)  # type: ignore[arg-type]
    assert answer.is_success or answer.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_FOUND"
    return answer.status_code


@pytest.mark.parametrize("transport", ["notify", "poll"])
def test_every_server_knows_them_while_it_runs(
    tmp_path: Path, postgres_database_url: str, sandbox: RunningSandbox, transport: str
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "one.graphql").write_text(DOCUMENT)
    given = {"LIVE_TRANSPORT": transport, "TRUSTED_DOCUMENTS_ONLY": "true", "APPLIER": "false"}
    first = RunningAssent(tmp_path, postgres_database_url, sandbox.base_url, **given)
    second = RunningAssent(tmp_path / "other", postgres_database_url, sandbox.base_url, **given)
    command = {"DATABASE_URL": postgres_database_url, "LIVE_TRANSPORT": transport}
    with first, second:
        assert [status(each) for each in (first, second)] == [400, 400]
        added = run(tmp_path, "documents", "add", "one.graphql", **command)
        assert added.stdout == f"{ID} One\n"
        assert [status(each) for each in (first, second)] == [200, 200]
        second.stop()
        second.start()
        assert status(second) == 200
        assert run(tmp_path, "documents", "remove", ID, **command).returncode == 0
        removed = time.monotonic()
        eventually(lambda: status(first) == 400 and status(second) == 400)
        assert time.monotonic() - removed < SOON[transport]
