"""kill -9 and lost answers at every step: one effect at Stripe, and nothing here that Stripe does not have.

Customers and sessions are completed by the restarted process alone. What charges is only looked up by it, and
continued by the client's own retry.
"""

from functools import partial

import pytest

from billing.tables import OperationStatus
from tests.crash_proxy import CrashProxy, Moment, Trouble
from tests.journey.crashing import crash, everywhere, swept
from tests.journey.walking import NOTHING, PAID, TAKEN_BACK, Journey
from tests.running_assent import eventually

CUSTOMER = "POST /v1/customers"
SESSION = "POST /v1/checkout/sessions"
CREATE = "POST /v1/subscriptions"
PREVIEW = "POST /v1/invoices/create_preview"
PAY = "POST /v1/invoices/[^/]+/pay"
LOOK = "GET /v1/subscriptions/[^/]+"


UNSUBSCRIBE = "DELETE /v1/subscriptions/[^/]+"
VOID = "POST /v1/invoices/[^/]+/void"
DECLINES = "4000000000000341"

BY_EXTERNAL_ID = "query C($id: String!) { customerByExternalId(externalId: $id) { id stripeId } }"
HELD = """
query C($id: ID!) {
  customer(id: $id) {
    stripeId
    setupSessions { edges { node { status stripeCheckoutSessionId } } }
    subscriptions { edges { node { status stripeId latestInvoice { status } } } }
    invoices { edges { node { status stripeId } } }
    payments { edges { node { status stripeId } } }
  }
}
"""


def here(journey: Journey) -> dict[str, dict[str, str]]:
    """The same, as Assent shows it."""
    [customer] = journey.assent.graphql(HELD, {"id": journey.answers["createCustomer"]["customer"]["id"]}).values()
    return {
        name: {edge["node"]["stripeId"]: edge["node"]["status"].lower() for edge in customer[name]["edges"]}
        for name in PAID
    }


def agreed(journey: Journey) -> bool:
    return here(journey) == journey.at_stripe()


def sessions_here(journey: Journey) -> list[str]:
    [customer] = journey.assent.graphql(HELD, {"id": journey.answers["createCustomer"]["customer"]["id"]}).values()
    return [edge["node"]["stripeCheckoutSessionId"] for edge in customer["setupSessions"]["edges"]]


@everywhere
def test_a_customer_is_completed_without_help(journey: Journey, proxy: CrashProxy, moment: Moment) -> None:
    crash(journey, proxy, CUSTOMER, moment, partial(journey.attempt, "createCustomer"))
    wanted = {"id": journey.input("createCustomer")["input"]["externalId"]}
    made = eventually(lambda: journey.assent.graphql(BY_EXTERNAL_ID, wanted)["customerByExternalId"])
    assert journey.customers_at_stripe() == [made["stripeId"]]
    assert journey.take("createCustomer")["customer"]["id"] == made["id"]
    assert journey.customers_at_stripe() == [made["stripeId"]]


@everywhere
def test_a_setup_session_is_completed_without_help(journey: Journey, proxy: CrashProxy, moment: Moment) -> None:
    journey.begin()
    crash(journey, proxy, SESSION, moment, partial(journey.attempt, "createSetupSession"))
    made = eventually(lambda: sessions_here(journey))
    assert journey.sessions_at_stripe() == made
    page = journey.open_page()
    assert made == [page], "the same key gives the same session"
    assert journey.sessions_at_stripe() == made
    journey.sandbox.authorize_amazon_pay(page)
    assert journey.saved()["status"] == "USABLE"


@everywhere
@pytest.mark.parametrize("asked", [CREATE, PREVIEW, PAY, LOOK], ids=["create", "preview", "pay", "look"])
def test_a_subscription_is_continued_by_its_client_alone(
    journey: Journey, proxy: CrashProxy, asked: str, moment: Moment
) -> None:
    journey.begin()
    journey.save_card()
    fence = crash(journey, proxy, asked, moment, partial(journey.attempt, "createSubscription"))
    before = journey.at_stripe()
    swept(journey, fence)
    assert proxy.posts() == [], "what charges is looked up, not performed"
    assert journey.at_stripe() == before
    answer = journey.take("createSubscription")
    assert answer["subscription"]["status"] == "ACTIVE"
    assert answer["payment"]["status"] == "SUCCEEDED"
    assert journey.statuses_at_stripe() == PAID
    assert eventually(lambda: agreed(journey))
    assert journey.take("createSubscription") == answer
    assert journey.statuses_at_stripe() == PAID


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.DONE], ids=["before", "done"])
@pytest.mark.parametrize("asked", [UNSUBSCRIBE, VOID], ids=["cancel", "void"])
def test_a_declined_subscription_is_taken_back_without_help(
    journey: Journey, proxy: CrashProxy, asked: str, moment: Moment
) -> None:
    journey.begin()
    journey.save_card(DECLINES)
    fence = crash(journey, proxy, asked, moment, partial(journey.attempt, "createSubscription"))
    assert swept(journey, fence).status == OperationStatus.FAILED
    assert journey.statuses_at_stripe() == TAKEN_BACK
    assert journey.attempt("createSubscription")["error"]["__typename"] == "PaymentDeclined"
    assert eventually(lambda: agreed(journey))


@pytest.mark.parametrize("status", [None, 500], ids=["no answer", "500"])
def test_an_answer_that_is_lost_once_is_asked_for_again(
    journey: Journey, proxy: CrashProxy, status: int | None
) -> None:
    lost = [CUSTOMER, SESSION, CREATE, PREVIEW, PAY, LOOK, "POST /v1/products", "POST /v1/prices"]
    troubles = [proxy.prepare(Trouble(request, Moment.DONE, status=status)) for request in lost]
    journey.begin()
    saved = journey.save_card()
    assert journey.take("createSubscription")["subscription"]["paymentMethod"]["label"] == saved["label"]
    assert [each.request for each in troubles if each.times] == []
    assert journey.customers_at_stripe() == [journey.customer_stripe_id()]
    assert len(journey.sessions_at_stripe()) == 1
    assert journey.statuses_at_stripe() == PAID
    assert eventually(lambda: agreed(journey))


@pytest.mark.parametrize("status", [None, 500], ids=["no answer", "500"])
@pytest.mark.parametrize("asked", [CREATE, PAY], ids=["create", "pay"])
def test_a_stripe_that_keeps_silent_is_told_and_the_same_key_continues(
    journey: Journey, proxy: CrashProxy, asked: str, status: int | None
) -> None:
    journey.begin()
    journey.save_card()
    trouble = proxy.prepare(Trouble(asked, Moment.DONE, status=status, times=3))
    assert journey.attempt("createSubscription")["error"]["__typename"] == "StripeUnavailable"
    assert trouble.times == 0
    assert journey.take("createSubscription")["subscription"]["status"] == "ACTIVE"
    assert journey.statuses_at_stripe() == PAID
    assert eventually(lambda: agreed(journey))


@pytest.mark.parametrize("moment", [Moment.BEFORE, Moment.DONE], ids=["undone", "done"])
@pytest.mark.parametrize("asked", [CREATE, PAY], ids=["create", "pay"])
def test_what_became_of_a_payment_that_stripe_keeps_a_fault_for_is_read(
    journey: Journey, proxy: CrashProxy, asked: str, moment: Moment
) -> None:
    """Stripe repeats a 500 to its key for a day, whatever it has done; sending again would tell nothing."""
    journey.begin()
    journey.save_card()
    trouble = proxy.prepare(Trouble(asked, moment, status=500, kept=True, times=3))
    outcome = (journey.attempt("createSubscription")["error"] or {}).get("__typename")
    assert trouble.times == 0
    if moment is Moment.DONE:
        assert (outcome, journey.statuses_at_stripe()) == (None, PAID)
    elif asked is PAY:
        assert (outcome, journey.statuses_at_stripe()) == ("StripeRejected", TAKEN_BACK)
    else:
        assert (outcome, journey.statuses_at_stripe()) == ("StripeUnavailable", NOTHING)
        journey.take("createSubscription")
        assert journey.statuses_at_stripe() == PAID
    assert eventually(lambda: agreed(journey))


def test_a_session_that_stripe_keeps_a_fault_for_is_found(journey: Journey, proxy: CrashProxy) -> None:
    journey.begin()
    proxy.prepare(Trouble(SESSION, Moment.DONE, status=500, kept=True, times=3))
    page = journey.open_page()
    assert journey.sessions_at_stripe() == [page]
