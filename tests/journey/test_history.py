"""What docs/history.md tells, over HTTP and a socket: what happened to a subscription, and why."""

import json
from pathlib import Path
from typing import Any

from tests.journey.walking import DOCS, Journey


def asked(journey: Journey, name: str) -> tuple[str, dict[str, Any]]:
    """The document, and its variables filled in from the journey."""
    [document] = Path(DOCS / "history").glob(f"*-{name}.graphql")
    variables = json.loads(document.with_suffix(".json").read_text())
    return document.read_text(), journey._filled(variables)


def test_the_history_of_a_subscription_as_it_is_documented(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")

    answer = journey.assent.graphql(*asked(journey, "history"))
    changes = [each["node"] for each in answer["subscription"]["history"]["edges"]]
    causes = [each["cause"] for each in changes]
    # Stripe tells of it before its answer is recorded, or after.
    assert {each["kind"] for each in causes} <= {"MUTATION", "STRIPE_EVENT"}
    assert all(each["actor"] for each in causes if each["kind"] == "MUTATION")
    last = {one["field"]: one["after"] for each in reversed(changes) for one in each["fields"]}
    assert last["status"] == "ACTIVE"

    document, variables = asked(journey, "changes")
    found = journey.assent.graphql(document, variables)["changes"]
    seen = {each["node"]["node"]["__typename"] for each in found["edges"]}
    assert seen >= {"Customer", "Consent", "SetupSession", "CardPaymentMethod", "Subscription", "Invoice", "Payment"}
    total = {"amount": "15.00", "currency": "USD"}
    assert total in [each["node"]["node"].get("total") for each in found["edges"]]

    document, variables = asked(journey, "live")
    with journey.assent.live(document, variables) as told:
        live = [next(told)["changes"] for _ in found["edges"]]
        assert [each["nodeId"] for each in live] == [each["node"]["nodeId"] for each in found["edges"]]
        journey.documents = DOCS / "life"
        journey.take("cancelSubscription")
        fields = [one for _ in range(1) for one in next(told)["changes"]["fields"]]
    assert {"field": "cancelAtPeriodEnd", "after": True} in fields
