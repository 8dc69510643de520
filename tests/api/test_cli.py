"""What the command does, and in which words it refuses: one line that names the setting and the fix."""

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from billing import installation
from billing.database import Database
from tests.api.commands import AWAY, REAL, refusal, run


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
    for command in (
        "serve",
        "sandbox",
        "worker",
        "migrate",
        "keys",
        "consents",
        "documents",
        "operations",
        "schema",
        "doctor",
    ):
        assert f" {command} " in told
