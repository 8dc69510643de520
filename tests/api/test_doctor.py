"""What the doctor finds, in which words, and what it mends: the real command beside a sandbox."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.commands.doctor.finding import Finding, Level
from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.stripe_gateway import API_VERSION
from tests.api.commands import AWAY, REAL, Ended, run
from tests.running_sandbox import RunningSandbox

ENDPOINT: Any = {
    "url": "https://pay.example/webhooks/stripe",
    "enabled_events": ["*"],
    "api_version": API_VERSION,
}
TOKEN_SECRET = "0f9d6b2c8e17a3540f9d6b2c8e17a354b7"
RESTRICTED = "rk_test_verysecret0"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """Of these tests' own: what the doctor looks at is the whole account's."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def patient(own: RunningSandbox) -> Iterator[RunningSandbox]:
    """The same in good health: with an endpoint, and all methods on."""
    endpoints = own.client().v1.webhook_endpoints
    made = endpoints.create(ENDPOINT)
    own.control("capabilities/review", status="active")
    yield own
    own.enable("card", "amazon_pay")
    own.control("weather/clear")
    endpoints.delete(made.id)


def examine(folder: Path, sandbox: RunningSandbox, *options: str, **given: str) -> tuple[dict[str, Any], Ended]:
    """Each finding by its check, and the command's end."""
    settings = {**REAL, "TOKEN_SECRET": TOKEN_SECRET, "STRIPE_API_BASE": sandbox.base_url, **given}
    ended = run(folder, "doctor", "--json", *options, **settings)
    assert ended.stderr == ""
    assert "verysecret" not in ended.stdout
    told = json.loads(ended.stdout)
    assert told["ok"] is (ended.returncode == 0)
    assert all((each["cure"] is None) is (each["level"] == Level.OK) for each in told["findings"])
    return {each["check"]: each for each in told["findings"]}, ended


def test_the_healthy_are_told_so_line_by_line(migrated: Path, patient: RunningSandbox) -> None:
    found, ended = examine(migrated, patient)
    assert {each["level"] for each in found.values()} == {"ok"}, found
    assert ended.returncode == 0
    settings = {**REAL, "TOKEN_SECRET": TOKEN_SECRET, "STRIPE_API_BASE": patient.base_url}
    lines = run(migrated, "doctor", **settings).stdout.splitlines()
    assert len(lines) == len(found)
    assert all(line.startswith("ok       ") for line in lines)
    assert "database: SQLite 3" in "\n".join(lines)


def test_a_finding_is_one_line_and_its_cure_another() -> None:
    assert str(Finding("clock", "clock: Stripe's")) == "ok       clock: Stripe's"
    lines = str(Finding("clock", "clock: 7 seconds", Level.WARNING, "Let NTP set it.")).splitlines()
    assert lines == ["warning  clock: 7 seconds", "         Let NTP set it."]


def test_settings_that_cannot_be_read_are_a_finding_too(migrated: Path, own: RunningSandbox) -> None:
    found, ended = examine(migrated, own, STRIPE_API_KEY="")
    assert ended.returncode == 1
    assert list(found) == ["settings"]
    assert "STRIPE_API_KEY is missing" in found["settings"]["cure"]


def test_a_stripe_that_is_away_leaves_the_rest_to_be_looked_at(migrated: Path, own: RunningSandbox) -> None:
    found, ended = examine(migrated, own, STRIPE_API_BASE=AWAY)
    assert ended.returncode == 1
    assert "does not answer" in found["stripe"]["cure"]
    assert found["tables"]["level"] == "ok"


def test_a_database_without_tables_is_named_and_stripe_looked_at(tmp_path: Path, patient: RunningSandbox) -> None:
    found, ended = examine(tmp_path, patient)
    assert ended.returncode == 1
    assert "assent migrate" in found["tables"]["cure"]
    assert (found["database"]["level"], found["account"]["level"]) == ("ok", "ok")


def test_events_that_the_endpoint_lacks_are_added_and_no_other_taken(migrated: Path, own: RunningSandbox) -> None:
    missing, ended = examine(migrated, own)
    assert ended.returncode == 1
    assert f"create one with api_version {API_VERSION}" in missing["endpoint"]["cure"]
    endpoints = own.client().v1.webhook_endpoints
    few: Any = {**ENDPOINT, "enabled_events": ["invoice.paid", "payout.paid"]}
    made = endpoints.create(few)
    try:
        lacking, ended = examine(migrated, own)
        assert ended.returncode == 1
        assert "invoice.created" in lacking["endpoint"]["cure"]
        mended, ended = examine(migrated, own, "--fix")
        assert ended.returncode == 0
        assert "events added (" in mended["endpoint"]["what"]
        assert set(endpoints.retrieve(made.id).enabled_events) == {*SUBSCRIBED_EVENTS, "payout.paid"}
        assert "added" not in examine(migrated, own, "--fix")[0]["endpoint"]["what"]
        endpoints.update(made.id, {"disabled": True})
        assert "enable it in the Dashboard" in examine(migrated, own)[0]["endpoint"]["cure"]
    finally:
        endpoints.delete(made.id)


def test_two_endpoints_at_one_address_are_one_too_many(migrated: Path, patient: RunningSandbox) -> None:
    endpoints = patient.client().v1.webhook_endpoints
    second = endpoints.create(ENDPOINT)
    settings = {**REAL, "TOKEN_SECRET": TOKEN_SECRET, "STRIPE_API_BASE": patient.base_url}
    told = run(migrated, "doctor", **settings).stdout
    endpoints.delete(second.id)
    assert "There are 2 with that address" in told


def test_a_portal_in_which_customers_change_what_they_pay_is_warned_of(migrated: Path, patient: RunningSandbox) -> None:
    configurations = patient.client().v1.billing_portal.configurations
    made = configurations.create(
        {"features": {"subscription_update": {"enabled": True, "default_allowed_updates": ["price"]}}}
    )
    found, ended = examine(migrated, patient)
    configurations.update(made.id, {"active": False})
    assert found["portal"]["cure"].startswith(f"Switching plans is allowed in {made.id}")
    assert (found["portal"]["level"], ended.returncode) == ("warning", 0)


def test_amazon_pay_that_is_not_allowed_yet_is_asked_for_once(migrated: Path, patient: RunningSandbox) -> None:
    patient.control("capabilities/review", status="inactive")
    found, ended = examine(migrated, patient)
    assert (found["amazon_pay"]["level"], ended.returncode) == ("warning", 0)
    assert "--fix" in found["amazon_pay"]["cure"]
    mended, _ = examine(migrated, patient, "--fix")
    assert (mended["amazon_pay"]["level"], mended["amazon_pay"]["what"]) == (
        "ok",
        "Amazon Pay is active, asked for now",
    )
    assert examine(migrated, patient, "--fix")[0]["amazon_pay"]["what"] == "Amazon Pay is active"


def test_what_stripe_wants_to_know_before_amazon_pay_is_named(migrated: Path, patient: RunningSandbox) -> None:
    patient.control("capabilities/review", status="pending", due="business_profile.url")
    found, _ = examine(migrated, patient)
    assert found["amazon_pay"]["what"] == "Amazon Pay is pending"
    assert "business_profile.url" in found["amazon_pay"]["cure"]
    patient.control("capabilities/review", status="pending")
    assert "looking at it" in examine(migrated, patient)[0]["amazon_pay"]["cure"]


def test_methods_that_are_switched_off_are_named(migrated: Path, patient: RunningSandbox) -> None:
    patient.enable("card")
    found, ended = examine(migrated, patient)
    assert (found["payment_methods"]["what"], ended.returncode) == ("payment methods: Amazon Pay off", 0)
    assert found["payment_methods"]["level"] == "warning"


def test_a_clock_that_differs_from_stripes_is_told(migrated: Path, tmp_path: Path) -> None:
    with RunningSandbox(tmp_path) as ahead:
        ahead.advance(seconds=30)
        assert examine(migrated, ahead)[0]["clock"]["level"] == "warning"
        ahead.advance(seconds=60)
        clock = examine(migrated, ahead)[0]["clock"]
    assert clock["level"] == "failure"
    assert "at 300 seconds every webhook is refused" in clock["cure"]


def test_a_restricted_key_is_tried_on_what_it_has_to_read(migrated: Path, patient: RunningSandbox) -> None:
    found, ended = examine(migrated, patient, STRIPE_API_KEY=RESTRICTED)
    assert found["key"]["what"].startswith("key: restricted, test mode; it may read")
    for path in ("/v1/invoices", "/v1/events", "/v1/webhook_endpoints"):
        patient.control("weather/requests", what="forbidden", method="GET", path=path)
    found, ended = examine(migrated, patient, STRIPE_API_KEY=RESTRICTED)
    assert (found["key"]["level"], ended.returncode) == ("failure", 1)
    assert "reading of /v1/invoices, /v1/events" in found["key"]["cure"]
    assert found["endpoint"]["what"] == "endpoint could not be looked at"
    assert found["portal"]["level"] == "ok", "one thing that may not be read hides no other"
