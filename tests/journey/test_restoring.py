"""An older backup put back while customers have been charged: what Stripe knows comes back, and nobody pays twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.commands import run
from tests.journey.conftest import joined
from tests.journey.losing import SETTINGS, kept
from tests.journey.restoring import Backups
from tests.journey.walking import Journey
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """Of this test's own: everything in it is to be known here."""
    with RunningSandbox(tmp_path) as running:
        yield running


@pytest.fixture
def assent(database_url: str, sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningAssent]:
    with joined(RunningAssent(tmp_path, database_url, sandbox.base_url, **SETTINGS), sandbox) as running:
        yield running


@pytest.fixture
def buyer(assent: RunningAssent, sandbox: RunningSandbox) -> Journey:
    """Has consented to charges, and saved a card."""
    journey = Journey(assent, sandbox)
    journey.begin_charging()
    journey.save_card()
    return journey


@pytest.fixture
def member(assent: RunningAssent, sandbox: RunningSandbox) -> Journey:
    """Has consented to a subscription, and saved a card."""
    journey = Journey(assent, sandbox)
    journey.begin()
    journey.save_card()
    return journey


def is_unattributed(difference: str) -> bool:
    """Two transactions of one moment do not see each other's rows: a subscription's payment may lack its consent."""
    return "the row of pi_" in difference and "'consent_id': None" in difference


def at_stripe(*journeys: Journey) -> list[dict[str, dict[str, str]]]:
    return [each.at_stripe() for each in journeys]


def test_clients_who_repeat_their_calls_are_answered_and_not_charged_again(
    assent: RunningAssent, sandbox: RunningSandbox, buyer: Journey, member: Journey, database_url: str, tmp_path: Path
) -> None:
    early = buyer.charge("5.00", key="early")
    restore = Backups(database_url, tmp_path).make()
    charged, subscribed = buyer.charge("6.00", key="late"), member.take("createSubscription")
    paid = at_stripe(buyer, member)
    assent.stop()
    restore()
    # Nobody tells the restored database of anything before its clients do.
    assent.settings["APPLIER"] = "false"
    assent.start()

    again, anew = buyer.charge("6.00", key="late"), member.take("createSubscription")

    assert at_stripe(buyer, member) == paid
    assert again["error"] is None
    assert (again["payment"]["status"], again["payment"]["amount"]) == ("SUCCEEDED", charged["payment"]["amount"])
    assert anew["subscription"]["latestInvoice"] == subscribed["subscription"]["latestInvoice"]
    assert managed(member) == [(True, "ACTIVE")]
    assert buyer.charge("5.00", key="early") == early
    assert buyer.charge("6.00", key="late") == again
    assent.stop()
    assent.settings["APPLIER"] = "true"
    assent.start()
    found = kept(assent, sandbox, but=is_unattributed)
    assert (found.missing, found.unsettled, found.different) == (set(), 0, [])
    assert at_stripe(buyer, member) == paid


def test_what_happened_since_comes_back_by_itself_with_the_consents_that_it_rests_on(
    assent: RunningAssent, sandbox: RunningSandbox, buyer: Journey, member: Journey, database_url: str, tmp_path: Path
) -> None:
    restore = Backups(database_url, tmp_path).make()
    buyer.charge("6.00", key="late")
    member.take("createSubscription")
    paid = at_stripe(buyer, member)
    assent.stop()
    restore()
    assent.start()

    found = kept(assent, sandbox, but=is_unattributed)

    assert (found.missing, found.unsettled, found.different) == (set(), 0, [])
    assert found.swept > 0
    assert managed(member) == [(True, "ACTIVE")]
    assert consents_of_payments(buyer) == [buyer.answers["recordConsent"]["consent"]["id"]]
    again = buyer.charge("6.00", key="late")
    assert (again["error"], again["payment"]["status"]) == (None, "SUCCEEDED")
    member.attempt("createSubscription")
    assert at_stripe(buyer, member) == paid, "answered with what there is, or refused; never made twice"
    assent.stop()
    reconciled = run(tmp_path, "reconcile", "--json", **assent.settings)
    assert reconciled.returncode == 0, reconciled.stdout


SUBSCRIPTIONS = "query S($id: ID!) { customer(id: $id) { subscriptions { edges { node { managed status } } } } }"
PAYMENTS = "query P($id: ID!) { customer(id: $id) { payments { edges { node { consent { id } } } } } }"


def managed(journey: Journey) -> list[tuple[bool, str]]:
    return [(each["managed"], each["status"]) for each in nodes(journey, SUBSCRIPTIONS, "subscriptions")]


def consents_of_payments(journey: Journey) -> list[str]:
    return [each["consent"]["id"] for each in nodes(journey, PAYMENTS, "payments")]


def nodes(journey: Journey, document: str, name: str) -> list[Any]:
    found = journey.assent.graphql(document, {"id": journey.answers["createCustomer"]["customer"]["id"]})
    return [each["node"] for each in found["customer"][name]["edges"]]
