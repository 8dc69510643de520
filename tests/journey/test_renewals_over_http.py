"""The real server and a renewal: Stripe is told that its draft has arrived only when it is decided on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.crash_proxy import CrashProxy, Moment, Trouble
from tests.journey.walking import Journey
from tests.running_assent import RunningAssent, eventually
from tests.running_sandbox import RunningSandbox

REVOKE = "mutation R($id: ID!) { revokeConsent(input: {consentId: $id}) { error { message } } }"
HELD = "{ subscriptions(needsAttention: true) { edges { node { attention { reason invoice { held } } } } } }"
UPDATE = r"POST /v1/invoices/\w+"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """One of its own, because its clock is moved."""
    with RunningSandbox(tmp_path) as running:
        yield running


def subscribed(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")
    eventually(lambda: journey.statuses_at_stripe()["subscriptions"] == ["active"])


def to_the_draft(sandbox: RunningSandbox) -> None:
    """Just after the end of the period that is paid for."""
    [subscription] = sandbox.client().v1.subscriptions.list({}).data
    end = subscription["items"]["data"][0]["current_period_end"]
    sandbox.advance_to(datetime.fromtimestamp(end, UTC) + timedelta(minutes=1))


def drafts(sandbox: RunningSandbox) -> list[Any]:
    return sandbox.client().v1.invoices.list({"status": "draft"}).data


def without_applier(assent: RunningAssent) -> None:
    """The same server, in which nobody applies events or finishes operations."""
    assent.stop()
    assent.settings["APPLIER"] = "false"
    assent.start()


def test_with_the_applier_stopped_a_draft_is_still_held_and_a_good_one_collected(
    assent: RunningAssent, sandbox: RunningSandbox
) -> None:
    journey = Journey(assent, sandbox)
    subscribed(journey)
    without_applier(assent)
    to_the_draft(sandbox)
    [draft] = eventually(lambda: [each for each in drafts(sandbox) if each.webhooks_delivered_at])
    assert draft.auto_advance is True
    sandbox.advance(hours=2)
    assert journey.statuses_at_stripe()["invoices"] == ["paid", "paid"]
    assert assent.graphql(REVOKE, {"id": journey.answers["recordConsent"]["consent"]["id"]})
    [subscription] = sandbox.client().v1.subscriptions.list({}).data
    # Somebody lifts the pause, and nobody applies the event that tells of it.
    sandbox.client().v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    to_the_draft(sandbox)
    [draft] = eventually(lambda: [each for each in drafts(sandbox) if each.webhooks_delivered_at])
    assert draft.auto_advance is False
    sandbox.advance(hours=75)
    assert journey.statuses_at_stripe()["invoices"] == ["draft", "paid", "paid"]


def test_a_draft_is_not_acknowledged_before_stripe_has_taken_that_it_is_held(
    assent: RunningAssent, sandbox: RunningSandbox, proxy: CrashProxy
) -> None:
    journey = Journey(assent, sandbox)
    subscribed(journey)
    assert assent.graphql(REVOKE, {"id": journey.answers["recordConsent"]["consent"]["id"]})
    without_applier(assent)
    [subscription] = sandbox.client().v1.subscriptions.list({}).data
    sandbox.client().v1.subscriptions.update(subscription.id, {"pause_collection": ""})
    trouble = proxy.prepare(Trouble(UPDATE, Moment.BEFORE, status=503, times=1000))
    to_the_draft(sandbox)
    assert trouble.over.wait(30)
    sandbox.advance(hours=3)
    [draft] = drafts(sandbox)
    assert (draft.webhooks_delivered_at, draft.auto_advance) == (None, True), "Stripe keeps it"
    [held] = assent.graphql(HELD)["subscriptions"]["edges"]
    assert held["node"]["attention"] == {"reason": "CONSENT_REQUIRED", "invoice": {"held": True}}
    trouble.times = 0
    sandbox.advance(hours=24)
    [draft] = eventually(lambda: [each for each in drafts(sandbox) if each.webhooks_delivered_at])
    assert draft.auto_advance is False
    sandbox.advance(hours=75)
    assert journey.statuses_at_stripe()["invoices"] == ["draft", "paid"]
