"""The life of a subscription, and the answer to a dispute, as clients ask for them."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
import strawberry

from billing import tokens
from billing.callers import Caller
from billing.consents import receipt
from billing.runtime import Runtime
from billing.tables import Dispute, KeyScope, Subscription
from schema.build import build
from schema.context import Context
from tests.billing.journey import unique
from tests.billing.ready import Ready, every, ready
from tests.billing.test_disputes import disputed
from tests.running_sandbox import RunningSandbox

SECRETS = ["s" * 32]
KEY = Caller("shop", KeyScope.WRITE)
SHOWN = "subscription { status cancelAtPeriodEnd cancelAt pause { since resumesAt collectionOnly } }"
ERROR = "error { __typename message ... on InvalidTransition { node { id } } }"


@pytest.fixture(scope="module")
def schema() -> strawberry.Schema:
    return build()


async def ask(
    schema: strawberry.Schema, runtime: Runtime, name: str, shown: str, caller: Caller = KEY, **given: Any
) -> Any:
    """The payload of one mutation."""
    document = f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {shown} {ERROR} }} }}"
    context = Context(runtime, caller, "request-1", "https://pay.example", SECRETS)
    result = await schema.execute(document, {"input": given}, context)
    assert result.errors is None
    assert result.data is not None
    return result.data[name]


async def subscribed(runtime: Runtime, sandbox: RunningSandbox) -> tuple[Ready, str]:
    it = await ready(runtime, sandbox)
    await it.subscribe()
    [row] = await every(runtime, Subscription)
    return it, f"subscription_{row.id}"


async def test_a_subscription_is_paused_and_resumed(
    schema: strawberry.Schema, runtime: Runtime, sandbox: RunningSandbox
) -> None:
    _, wanted = await subscribed(runtime, sandbox)
    until = (runtime.clock() + timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
    paused = await ask(schema, runtime, "pauseSubscription", SHOWN, subscriptionId=wanted, resumesAt=until)
    pause = paused["subscription"]["pause"]
    assert (paused["error"], pause["resumesAt"], pause["collectionOnly"]) == (None, until, True)
    assert datetime.fromisoformat(pause["since"])
    shown = f"{SHOWN} payment {{ id }}"
    resumed = await ask(
        schema, runtime, "resumeSubscription", shown, subscriptionId=wanted, idempotencyKey=unique("key")
    )
    assert (resumed["error"], resumed["subscription"]["pause"], resumed["payment"]) == (None, None, None)
    past = await ask(
        schema, runtime, "pauseSubscription", SHOWN, subscriptionId=wanted, resumesAt="2020-01-01T00:00:00Z"
    )
    assert (past["subscription"], past["error"]["__typename"]) == (None, "InvalidInput")


async def test_a_customer_cancels_and_takes_it_back(
    schema: strawberry.Schema, runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, wanted = await subscribed(runtime, sandbox)
    own = Caller("CUSTOMER", customer_id=it.customer)
    canceled = await ask(schema, runtime, "cancelSubscription", SHOWN, own, subscriptionId=wanted)
    assert canceled["subscription"]["cancelAtPeriodEnd"] is True
    assert canceled["subscription"]["cancelAt"] is not None
    kept = await ask(schema, runtime, "reactivateSubscription", SHOWN, own, subscriptionId=wanted)
    assert (kept["subscription"]["cancelAtPeriodEnd"], kept["subscription"]["cancelAt"]) == (False, None)
    await ask(schema, runtime, "cancelSubscription", SHOWN, own, subscriptionId=wanted, timing="NOW")
    late = await ask(schema, runtime, "reactivateSubscription", SHOWN, own, subscriptionId=wanted)
    assert late["subscription"] is None
    assert late["error"] == {
        "__typename": "InvalidTransition",
        "message": "This subscription has ended already.",
        "node": {"id": wanted},
    }


async def test_a_dispute_is_previewed_and_answered(
    schema: strawberry.Schema, runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, dispute = await disputed(runtime, sandbox)
    wanted, document = f"dispute_{dispute.id}", "agreement { url mediaType sha256 }"
    shown = f"dispute {{ status evidenceSubmittedAt }} evidence {document}"
    found = await ask(schema, runtime, "previewDisputeEvidence", shown, disputeId=wanted)
    assert (found["error"], found["dispute"]["status"]) == (None, "NEEDS_RESPONSE")
    assert found["evidence"]["customer_email_address"] == "ada@example.com"
    token = found["agreement"]["url"].removeprefix("https://pay.example/documents/")
    opened = tokens.read_document(token, SECRETS, runtime.clock())
    assert opened is not None
    assert (opened.subject, found["agreement"]["mediaType"]) == (it.consent.id, "application/pdf")
    async with runtime.database.read() as session:
        content = await receipt.render(session, it.consent.id, runtime.clock())
    assert found["agreement"]["sha256"] == hashlib.sha256(content).hexdigest()
    sent = "dispute { status evidenceSubmittedAt }"
    answered = await ask(schema, runtime, "submitDisputeEvidence", sent, disputeId=wanted, idempotencyKey=unique("key"))
    assert (answered["error"], answered["dispute"]["status"]) == (None, "UNDER_REVIEW")
    assert answered["dispute"]["evidenceSubmittedAt"] is not None
    again = await ask(schema, runtime, "submitDisputeEvidence", sent, disputeId=wanted, idempotencyKey=unique("key"))
    assert (again["dispute"], again["error"]["__typename"]) == (None, "InvalidTransition")
    assert again["error"]["node"] == {"id": wanted}
    assert len(await every(runtime, Dispute)) == 1
