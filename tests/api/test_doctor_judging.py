"""How the doctor judges clocks, databases, secrets and what waits, at the figures where the judgement changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from api.commands.doctor import account, databases, secrets
from api.commands.doctor.finding import Finding, Level
from billing.backlog import Backlog
from billing.condition import PostgresCondition, SqliteCondition
from billing.database import Database
from billing.settings import LiveTransport, Settings
from billing.tables import Installation
from tests.factories import NOW

HEX = "0f9d6b2c8e17a3540f9d6b2c8e17a354b7"
SQLITE = SqliteCondition("3.40.1", "wal", 2, 5 << 30)
POSTGRES = PostgresCondition("18.1", 180_001, 97, 3, 41, is_durable=True)
NOTHING = Backlog(0, 0.0, 0, 0.0, 0, {}, {})
ACCOUNT = {"id": "acct_1", "country": "DE", "charges_enabled": True}

Judged = dict[str, tuple[Level, str]]


def judged(findings: Any) -> Judged:
    return {each.check: (each.level, each.what) for each in findings}


def levels(findings: Any) -> list[Level]:
    return [each.level for each in findings]


@pytest.mark.parametrize(
    ("before", "date", "after", "level"),
    [
        (1000.9, 1000, 1001.0, Level.OK),
        (1000.0, 1000, 1040.0, Level.OK),  # a long call: Date may be of its beginning
        (1000.0, 1040, 1040.5, Level.OK),  # or of its end
        (1006.0, 1000, 1006.2, Level.OK),  # five seconds, and the fraction that Date leaves out
        (1006.1, 1000, 1006.2, Level.WARNING),
        (1000.0, 1005, 1000.0, Level.OK),
        (1000.0, 1006, 1000.9, Level.WARNING),
        (1061.0, 1000, 1061.2, Level.WARNING),
        (1061.1, 1000, 1061.2, Level.FAILURE),
        (1000.0, 1061, 1000.5, Level.FAILURE),
        (1000.0, 1061, 1055.0, Level.WARNING),  # only six seconds are certain
    ],
)
def test_only_a_skew_that_the_call_does_not_explain_counts(
    before: float, date: int, after: float, level: Level
) -> None:
    assert account.clock(before, date, after).level is level


def test_an_account_that_is_another_or_may_not_charge_is_named(settings: Settings) -> None:
    stamp = Installation(stripe_account="acct_1", livemode=False, created_at=NOW)
    assert account.ownership(ACCOUNT, settings, stamp).level is Level.OK
    other = account.ownership({**ACCOUNT, "id": "acct_2"}, settings, stamp)
    assert (other.level, "acct_1" in str(other.cure)) == (Level.FAILURE, True)
    closed = {**ACCOUNT, "charges_enabled": False}
    assert account.ownership(closed, settings, None).level is Level.WARNING
    live = settings.model_copy(update={"stripe_api_key": type(settings.stripe_api_key)("sk_live_00000000")})
    assert account.ownership(closed, live, None).level is Level.FAILURE
    assert "ask for cards" in str(account.ownership({**ACCOUNT, "country": "BR"}, settings, None).cure)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [Level.OK, Level.OK]),
        ({"journal_mode": "delete"}, [Level.FAILURE, Level.OK]),
        ({"synchronous": 1}, [Level.FAILURE, Level.OK]),
        ({"free": (1 << 30) - 1}, [Level.OK, Level.WARNING]),
        ({"free": (100 << 20) - 1}, [Level.OK, Level.FAILURE]),
    ],
)
def test_a_file_has_to_keep_what_it_is_given(change: dict[str, Any], expected: list[Level]) -> None:
    assert levels(databases._sqlite(replace(SQLITE, **change))) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [Level.OK, Level.OK]),
        ({"number": 150_008}, [Level.WARNING, Level.OK]),
        ({"number": 130_020}, [Level.FAILURE, Level.OK]),
        ({"is_durable": False}, [Level.OK, Level.WARNING, Level.OK]),
        ({"connections": 40}, [Level.OK, Level.WARNING]),
    ],
)
def test_a_server_has_to_be_known_durable_and_roomy(change: dict[str, Any], expected: list[Level]) -> None:
    assert levels(databases._postgres(replace(POSTGRES, **change))) == expected


async def test_the_real_ones_are_read(database: Database, make_settings: Callable[..., Settings]) -> None:
    found = judged([each async for each in databases.findings(make_settings(), database)])
    assert found["tables"] == (Level.OK, "tables: those of this version")
    assert found["inbox"][1] == "inbox: everything is applied"
    if database.dialect == "sqlite":
        assert found["database"][1].endswith(", WAL")
        return
    assert found["connections"][1].endswith("up to 41 for each process: room for 7 processes")
    assert found["durability"] == (Level.WARNING, "fsync is off"), "as these tests have it"
    assert found["notifications"] == (Level.OK, "notifications arrive")
    polling = make_settings(live_transport=LiveTransport.POLL)
    told = judged([each async for each in databases.findings(polling, database)])
    assert told["notifications"] == (Level.OK, "notifications: not used (LIVE_TRANSPORT=poll)")


def test_what_waits_is_told() -> None:
    assert levels(databases.waiting(NOTHING)) == [Level.OK]
    assert levels(databases.waiting(replace(NOTHING, due=1, waiting=1, oldest_due=300, oldest_waiting=300))) == [
        Level.OK
    ]
    late = replace(
        NOTHING,
        due=2,
        oldest_due=301,
        waiting=3,
        oldest_waiting=400,
        failed=1,
        operations={("chargePaymentMethod", "PENDING"): 5, ("chargePaymentMethod", "UNKNOWN"): 2},
        held={"revoked": 1},
    )
    found = judged(databases.waiting(late))
    assert found["inbox"] == (Level.FAILURE, "inbox: 3 events are not applied, the oldest since 400 seconds")
    assert found["operations"] == (Level.WARNING, "2 operations have no known outcome")
    assert {each for each, (level, _) in found.items() if level is Level.WARNING} == {
        "failed_events",
        "operations",
        "renewals",
    }


@pytest.mark.parametrize(
    ("secret", "fault"),
    [
        (HEX, None),
        ("Zk3v9QpW0xYt7LmB2sNc8RfD4hJg6uEa", None),
        ("a" * 64, "repeats itself"),
        ("0123456789abcdef" * 2, "repeats itself"),
        ("change-me-change-me-change-me-0123", "has the words of an example in it"),
        ("mysupersecretkeythatnobodyguesses", "has the words of an example in it"),
    ],
)
def test_secrets_that_could_be_guessed_are_told(secret: str, fault: str | None) -> None:
    assert secrets.weakness(secret) == fault


def secrets_of(settings: Settings) -> dict[str, Finding]:
    return {each.check: each for each in secrets.findings(settings)}


def test_each_secret_of_a_list_is_looked_at(make_settings: Callable[..., Settings]) -> None:
    found = secrets_of(make_settings(token_secret=f"{HEX},{'old' * 11}"))
    assert found["token_secret"].level is Level.FAILURE
    assert found["token_secret"].what == "TOKEN_SECRET, number 2 of 2"
    assert found["webhook_secret"].what == "STRIPE_WEBHOOK_SECRET: 2 secrets"
    three = secrets_of(make_settings(token_secret=f"{HEX},{HEX[1:]},{HEX[2:]}"))
    assert (three["token_secret"].level, three["token_secret"].what) == (Level.WARNING, "TOKEN_SECRET: 3 secrets")
    assert "twice" in str(secrets_of(make_settings(token_secret=f"{HEX},{HEX}"))["token_secret"].cure)
    assert secrets_of(make_settings(metrics_token="m" * 40))["metrics_token"].level is Level.FAILURE


def test_production_is_reached_by_https(make_settings: Callable[..., Settings]) -> None:
    assert secrets_of(make_settings())["address"].level is Level.OK
    here = "http://127.0.0.1:8000"
    assert secrets_of(make_settings(public_url=here))["address"].level is Level.WARNING
    real = make_settings(public_url=here, stripe_api_base=None, allowed_redirect_origins="https://shop.example")
    assert secrets_of(real)["address"].level is Level.FAILURE
    assert secrets_of(make_settings(public_url=here, assent_env="development"))["address"].level is Level.OK
