"""The real command, as a process of its own: what it does, and in which words it refuses."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import main
from billing import installation
from billing.database import Database
from tests.api.conftest import bearer
from tests.running_assent import FORKS
from tests.running_sandbox import ROOT, RunningSandbox, free_port, until

PATIENCE = 60.0
COMMAND = [sys.executable, "-c", "from api.cli import main; main()"]

REAL = {
    "STRIPE_API_KEY": "sk_test_verysecret0",
    "STRIPE_WEBHOOK_SECRET": "whsec_verysecret",
    "TOKEN_SECRET": "verysecret" * 4,
    "ALLOWED_REDIRECT_ORIGINS": "https://shop.example",
    "PUBLIC_URL": "https://pay.example",
    "PORT": "0",
}
AWAY = "http://127.0.0.1:9"


def environment(given: dict[str, str]) -> dict[str, str]:
    """Nothing of this machine's but what Python needs; no npm in particular."""
    return {"PYTHONPATH": str(ROOT), "PATH": "", **given}


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    returncode: int | None
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str, **given: str) -> Ended:
    """The command in a process of its own, forked from one that has imported everything: a start takes no seconds."""
    out, err = folder / "stdout", folder / "stderr"
    process = FORKS.Process(target=become, args=(arguments, environment(given), folder, out, err))
    process.start()
    process.join(PATIENCE)
    process.kill()
    return Ended(process.exitcode, out.read_text(), err.read_text())


def become(arguments: tuple[str, ...], given: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """In the new process."""
    os.environ.clear()
    os.environ.update(given)
    os.chdir(folder)
    for file, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    sys.argv = ["assent", *arguments]
    main()


def refusal(folder: Path, *arguments: str, **given: str) -> str:
    """The one line with which the command refuses."""
    ended = run(folder, *arguments, **given)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert "verysecret" not in line
    return line.removeprefix("assent: ")


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox in Stripe's place, for those who get so far."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox.base_url


@pytest.fixture
def migrated(tmp_path: Path, sqlite_template: Path) -> Path:
    """A folder with the default database, migrated."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "assent.sqlite3").write_bytes(sqlite_template.read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("change", "beginning"),
    [
        ({"STRIPE_API_KEY": ""}, "STRIPE_API_KEY is missing"),
        ({"STRIPE_API_KEY": "verysecret"}, "STRIPE_API_KEY is wrong"),
        ({"STRIPE_API_KEY": "sk_live_verysecret0", "STRIPE_API_BASE": AWAY}, "STRIPE_API_BASE: a live key"),
        ({"STRIPE_API_BASE": "https://verysecret.example"}, "STRIPE_API_BASE: this is neither Stripe nor"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET is missing"),
        ({"TOKEN_SECRET": "verysecret"}, "TOKEN_SECRET is wrong"),
        ({"ALLOWED_REDIRECT_ORIGINS": ""}, "ALLOWED_REDIRECT_ORIGINS: list the origins"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL: set it"),
        ({"DATABASE_URL": "mysql://u:verysecret@h/x"}, "DATABASE_URL is wrong"),
        ({"DATABASE_URL": "postgresql://u:verysecret@127.0.0.1:9/x"}, "DATABASE_URL: the database cannot be used"),
        ({"DATABASE_URL": "sqlite:////dev/null/x/assent.sqlite3"}, "DATABASE_URL: the file cannot be made"),
        ({"DATABASE_URL": "sqlite:////dev"}, "DATABASE_URL: the database cannot be used"),
        ({}, "DATABASE_URL: the database does not have this version's tables; run `assent migrate`"),
    ],
)
def test_each_thing_that_is_missing_or_wrong_stops_the_start_with_one_line(
    tmp_path: Path, change: dict[str, str], beginning: str
) -> None:
    assert refusal(tmp_path, "serve", **{**REAL, **change}).startswith(beginning)


def test_a_database_that_is_no_database_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, and not a database at all " * 100)
    line = refusal(tmp_path, "serve", **REAL, DATABASE_URL="sqlite:///notes.txt")
    assert line.startswith("DATABASE_URL: the database cannot be used")


def test_a_stripe_that_does_not_answer_stops_the_start(migrated: Path) -> None:
    assert refusal(migrated, "serve", **REAL, STRIPE_API_BASE=AWAY).startswith("STRIPE_API_BASE: ")


def test_a_port_in_use_stops_the_start(migrated: Path, stripe: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        given = {**REAL, "STRIPE_API_BASE": stripe, "PORT": str(taken.getsockname()[1])}
        assert refusal(migrated, "serve", **given).startswith("PORT: cannot listen on 127.0.0.1:")
        sandbox = {"PORT": "0", "SANDBOX_PORT": given["PORT"]}
        assert refusal(migrated, "serve", "--sandbox", **sandbox).startswith("SANDBOX_PORT: ")


@pytest.mark.parametrize(("account", "livemode"), [("acct_of_another", False), (None, True)])
def test_a_database_of_another_account_or_mode_stops_the_start(
    migrated: Path, stripe: str, account: str | None, livemode: bool
) -> None:
    ours = httpx.get(f"{stripe}/v1/account", auth=("sk_test_00000000", ""), trust_env=False).json()["id"]
    asyncio.run(stamp(migrated / "var" / "assent.sqlite3", account or ours, livemode))
    line = refusal(migrated, "serve", **REAL, STRIPE_API_BASE=stripe)
    assert line.startswith(f"DATABASE_URL: this database belongs to Stripe account {account or ours}")
    assert ours in line
    assert ("live mode" in line) is livemode


async def stamp(file: Path, account: str, livemode: bool) -> None:
    database = Database(f"sqlite:///{file}")
    async with database.transaction() as session:
        await installation.claim(session, account, datetime.now(UTC), livemode=livemode)
    await database.close()


def test_keys_are_made_listed_and_revoked(migrated: Path) -> None:
    made = run(migrated, "keys", "create", "--scope", "admin", "--name", "shop")
    assert made.stdout.splitlines()[-1].startswith("ak_production_")
    assert run(migrated, "keys", "create", "--scope", "read").stdout.startswith("ak_production_")
    assert "shop" in refusal(migrated, "keys", "create", "--scope", "read", "--name", "shop")
    assert run(migrated, "keys", "revoke", "shop").returncode == 0
    listed = run(migrated, "keys", "list").stdout.splitlines()
    assert len(listed) == 2
    assert "revoked" in next(line for line in listed if line.startswith("shop"))
    assert made.stdout.strip() not in "\n".join(listed)
    assert "nobody" in refusal(migrated, "keys", "revoke", "nobody")
    assert "assent migrate" in refusal(migrated, "keys", "list", DATABASE_URL="sqlite:///empty.sqlite3")


def test_migrating_twice_is_migrating_once(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "migrate").returncode == 0
    assert run(tmp_path, "keys", "list").returncode == 0
    unreachable = "postgresql://u:verysecret@127.0.0.1:9/x"
    assert refusal(tmp_path, "migrate", DATABASE_URL=unreachable).startswith("DATABASE_URL: ")


def test_settings_are_read_from_a_file_too(migrated: Path) -> None:
    (migrated / ".env").write_text("DATABASE_URL=mysql://u:verysecret@h/x\n")
    assert refusal(migrated, "keys", "list").startswith("DATABASE_URL is wrong")
    assert run(migrated, "keys", "list", DATABASE_URL="sqlite:///var/assent.sqlite3").returncode == 0


def test_help_names_every_command(tmp_path: Path) -> None:
    told = run(tmp_path, "--help").stdout
    for command in ("serve", "sandbox", "worker", "migrate", "keys", "consents", "schema", "doctor"):
        assert f" {command} " in told


def test_the_doctor_names_what_is_wrong_and_its_cure(migrated: Path, stripe: str) -> None:
    sick = run(migrated, "doctor", **REAL, STRIPE_API_BASE=stripe)
    assert sick.returncode == 1
    assert "WRONG    webhook endpoint https://pay.example/webhooks/stripe" in sick.stdout
    with httpx.Client(base_url=stripe, auth=("sk_test_00000000", ""), trust_env=False) as client:
        endpoint = {
            "url": "https://pay.example/webhooks/stripe",
            "enabled_events[]": "invoice.paid",
            "api_version": "2026-10-28.endive",
        }
        client.post("/v1/webhook_endpoints", data=endpoint).raise_for_status()
    lacking = run(migrated, "doctor", **REAL, STRIPE_API_BASE=stripe)
    assert lacking.returncode == 1
    assert "invoice.created" in lacking.stdout
    assert run(migrated, "doctor", "--mend", **REAL, STRIPE_API_BASE=stripe).returncode == 0
    healthy = run(migrated, "doctor", **REAL, STRIPE_API_BASE=stripe)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert all(line.startswith("ok ") for line in healthy.stdout.splitlines())


class Served:
    """`assent serve --sandbox` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.sandbox_port = folder, free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[str]"]:
        given = environment({"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)})
        with subprocess.Popen(
            [*COMMAND, "serve", "--sandbox"], cwd=self.folder, env=given, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                self.wait_until_ready(process)
                yield process
            finally:
                process.kill()

    def wait_until_ready(self, process: "subprocess.Popen[str]") -> None:
        for _ in until(PATIENCE):
            assert process.poll() is None, "it ended at once"
            if self.answers(self.port, "/readyz"):
                return
        raise TimeoutError

    def answers(self, port: int, path: str = "/") -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).is_success
        except httpx.TransportError:
            return False

    def ask(self, key: str) -> Any:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": "{ products { edges { node { id } } } }"},
            headers=bearer(key),
            trust_env=False,
        )
        return answer.json()

    def wait_for_the_sandbox_s_end(self) -> None:
        for _ in until(PATIENCE):
            if not self.answers(self.sandbox_port, "/_sandbox/health"):
                return
        raise TimeoutError


def test_a_first_run_needs_nothing_and_ends_without_a_trace(tmp_path: Path) -> None:
    served = Served(tmp_path)
    with served.running() as process:
        assert served.answers(served.sandbox_port, "/_sandbox/health")
        file = tmp_path / "var" / "development.key"
        key = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "var" / "secrets.json").stat().st_mode) == 0o600
        assert served.ask(key) == {"data": {"products": {"edges": []}}}
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        told = process.stdout.read()
        assert process.wait(PATIENCE) == 0
    assert f"http://127.0.0.1:{served.port}/graphql" in told
    assert key in told
    served.wait_for_the_sandbox_s_end()
    with served.running() as process:
        assert file.read_text().strip() == key
        assert "data" in served.ask(key)
        # However the parent goes, nothing of it stays behind.
        os.kill(process.pid, signal.SIGKILL)
        served.wait_for_the_sandbox_s_end()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_and_a_worker_end_when_they_are_told_to(migrated: Path, stripe: str, how: signal.Signals) -> None:
    port = free_port()
    given = environment({**REAL, "PORT": str(port), "STRIPE_API_BASE": stripe})
    for command in ("serve", "worker"):
        with subprocess.Popen(
            [*COMMAND, command], cwd=migrated, env=given, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            assert "working" in process.stderr.readline() if command == "worker" else wait_for(port)
            process.send_signal(how)
            assert process.wait(PATIENCE) == 0
            assert "Traceback" not in process.stderr.read()


def wait_for(port: int) -> bool:
    for _ in until(PATIENCE):
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
        except httpx.TransportError:
            continue
    return False
