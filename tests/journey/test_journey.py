"""From published terms to a subscription that is paid, over HTTP, with Stripe's own signed deliveries."""

from typing import Any

from tests.journey.walking import NOTHING, PAID, TAKEN_BACK, Journey
from tests.running_assent import eventually

DECLINES = "4000000000000341"
ALWAYS_ASKS = "4000002760003184"
REFUSED = "4000000000000002"

REFUSAL = """
mutation CreateSubscription($input: CreateSubscriptionInput!) {
  createSubscription(input: $input) {
    subscription { id status latestInvoice { status amountDue { amount } } }
    payment { status }
    error {
      __typename
      message
      ... on PaymentDeclined { failure { code declineCode } payment { status } }
      ... on AuthenticationRequired { payment { status nextAction { __typename } } }
      ... on ConsentScopeExceeded { consent { id } required { maximumAmount { amount currency } } }
    }
  }
}
"""
SUBSCRIPTION = """
query Subscription($id: ID!) {
  subscription(id: $id) {
    status stripeId managed
    latestInvoice { status amountPaid { amount currency } payments { edges { node { status } } } }
  }
}
"""
EVENTS = "{ stripeEvents(first: 100) { edges { node { type status source attempts error } } } }"


def paid(journey: Journey) -> None:
    """Subscribes, and sees it paid: in the answer, here once the events have come, and at Stripe."""
    answer = journey.take("createSubscription")
    subscription = answer["subscription"]
    assert subscription["status"] == "ACTIVE"
    assert subscription["latestInvoice"] == {"status": "PAID", "amountPaid": {"amount": "15.00", "currency": "USD"}}
    assert subscription["consent"]["id"] == journey.answers["recordConsent"]["consent"]["id"]
    assert answer["payment"]["status"] == "SUCCEEDED"
    eventually(lambda: all_applied(journey))
    found = journey.assent.graphql(SUBSCRIPTION, {"id": subscription["id"]})["subscription"]
    assert (found["status"], found["managed"]) == ("ACTIVE", True)
    assert found["latestInvoice"]["status"] == "PAID"
    assert found["latestInvoice"]["payments"]["edges"] == [{"node": {"status": "SUCCEEDED"}}]
    assert journey.statuses_at_stripe() == PAID


def all_applied(journey: Journey) -> list[Any] | None:
    """Every event so far, once the last of them has been dealt with."""
    nodes = [edge["node"] for edge in journey.assent.graphql(EVENTS)["stripeEvents"]["edges"]]
    assert [each for each in nodes if each["status"] == "FAILED"] == []
    done = {each["status"] for each in nodes} <= {"APPLIED", "SKIPPED"}
    return nodes if done and "invoice.paid" in {each["type"] for each in nodes} else None


def refused(journey: Journey, **changes: Any) -> Any:
    return journey.assent.graphql(REFUSAL, journey.input("createSubscription", **changes))["createSubscription"]


def test_an_amazon_pay_account_is_saved_and_pays(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    assert journey.answers["createSetupSession"]["setupSession"]["offeredTypes"] == ["CARD", "AMAZON_PAY"]
    address = journey.sandbox.authorize_amazon_pay(page)
    assert address == f"http://127.0.0.1:8000/return?session_id={page}"
    saved = journey.saved()
    assert (saved["label"], saved["status"]) == ("Amazon Pay", "USABLE")
    assert journey.session()["url"] is None
    paid(journey)


def test_a_card_is_saved_and_pays(journey: Journey) -> None:
    journey.begin()
    saved = journey.save_card()
    assert (saved["label"], saved["status"]) == ("Visa •••• 4242", "USABLE")
    paid(journey)


def test_a_card_that_asks_for_its_owner_once_is_saved_and_pays(journey: Journey) -> None:
    journey.begin()
    journey.save_card("4000002500003155")
    paid(journey)


def test_after_a_failure_on_amazons_page_the_session_is_open_and_succeeds(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    journey.sandbox.fail_amazon_pay(page)
    failed = eventually(lambda: found if (found := journey.session())["failure"] else None)
    assert failed["status"] == "OPEN"
    assert failed["setupStatus"] == "REQUIRES_PAYMENT_METHOD"
    assert failed["failure"]["code"] == "setup_intent_authentication_failure"
    assert failed["url"]
    journey.sandbox.authorize_amazon_pay(page)
    assert journey.saved()["status"] == "USABLE"
    assert journey.session()["failure"] is None
    paid(journey)


def test_after_a_refused_card_the_session_is_open_and_another_card_succeeds(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    journey.sandbox.enter_card(page, REFUSED)
    failed = eventually(lambda: found if (found := journey.session())["failure"] else None)
    assert (failed["status"], failed["failure"]["code"]) == ("OPEN", "card_declined")
    journey.sandbox.enter_card(page, "5555555555554444")
    assert journey.saved()["label"] == "Mastercard •••• 4444"
    paid(journey)


def test_a_session_that_we_expire_is_over_here_and_at_stripe(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    document = (
        "mutation E($id: ID!) { expireSetupSession(input: {setupSessionId: $id}) { setupSession { status url } } }"
    )
    answer = journey.assent.graphql(document, {"id": journey.answers["createSetupSession"]["setupSession"]["id"]})
    assert answer["expireSetupSession"]["setupSession"] == {"status": "EXPIRED", "url": None}
    assert journey.sandbox.client().v1.checkout.sessions.retrieve(page).status == "expired"
    eventually(lambda: found if (found := journey.session())["setupStatus"] == "CANCELED" else None)


def test_a_session_that_expires_at_stripe_is_expired_here(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    journey.sandbox.client().v1.checkout.sessions.expire(page)
    assert journey.ended("EXPIRED")["url"] is None
    assert journey.session()["paymentMethod"] is None


def test_a_declined_first_payment_leaves_nothing_active_and_nothing_payable(journey: Journey) -> None:
    journey.begin()
    journey.save_card(DECLINES)
    answer = refused(journey)
    assert answer["subscription"] is None
    assert answer["error"]["__typename"] == "PaymentDeclined"
    assert answer["error"]["failure"] == {"code": "card_declined", "declineCode": "generic_decline"}
    assert answer["error"]["payment"]["status"] in ("REQUIRES_PAYMENT_METHOD", "CANCELED")
    assert journey.statuses_at_stripe() == TAKEN_BACK
    document = "query C($id: ID!) { customer(id: $id) { subscriptions { edges { node { status } } } } }"
    customer = journey.assent.graphql(document, {"id": journey.answers["createCustomer"]["customer"]["id"]})["customer"]
    assert customer["subscriptions"]["edges"] in ([], [{"node": {"status": "CANCELED"}}])
    assert refused(journey) == answer, "the same key has the same outcome"


def test_after_a_decline_another_card_subscribes_under_the_same_consent(journey: Journey) -> None:
    journey.begin()
    journey.save_card(DECLINES)
    assert refused(journey)["error"]["__typename"] == "PaymentDeclined"
    page = journey.open_page(idempotencyKey=f"again-{journey.customer_stripe_id()}")
    journey.sandbox.enter_card(page, "4242424242424242")
    journey.saved()
    answer = journey.take("createSubscription", idempotencyKey=f"again-{journey.customer_stripe_id()}")
    assert answer["subscription"]["status"] == "ACTIVE"
    assert journey.statuses_at_stripe() == {name: sorted(TAKEN_BACK[name] + PAID[name]) for name in PAID}


def test_a_payment_that_needs_the_customer_waits_for_the_customer(journey: Journey) -> None:
    journey.begin()
    journey.save_card(ALWAYS_ASKS)
    answer = refused(journey)
    assert answer["subscription"]["status"] == "INCOMPLETE"
    assert answer["subscription"]["latestInvoice"] == {"status": "OPEN", "amountDue": {"amount": "15.00"}}
    assert answer["error"]["__typename"] == "AuthenticationRequired"
    assert answer["error"]["payment"]["status"] in ("REQUIRES_ACTION", "REQUIRES_PAYMENT_METHOD")
    left = journey.statuses_at_stripe()
    assert (left["subscriptions"], left["invoices"]) == (["incomplete"], ["open"])
    assert left["payments"] in (["requires_action"], ["requires_payment_method"])


def test_more_than_the_consent_allows_is_never_asked_of_stripe(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    price = journey.answers["createPrice"]["price"]["id"]
    answer = refused(journey, items=[{"priceId": price, "quantity": 2}])
    assert answer["subscription"] is None
    assert answer["error"]["__typename"] == "ConsentScopeExceeded"
    assert answer["error"]["consent"]["id"] == journey.answers["recordConsent"]["consent"]["id"]
    assert answer["error"]["required"]["maximumAmount"] == {"amount": "30.00", "currency": "USD"}
    assert journey.statuses_at_stripe() == NOTHING


def test_a_waiting_client_is_told_when_the_method_is_saved(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    session = journey.answers["createSetupSession"]["setupSession"]["id"]
    with journey.assent.live(journey.document("createSetupSession"), {"id": session}, name="SavedMethod") as pushed:
        assert next(pushed)["setupSession"]["status"] == "OPEN"
        journey.sandbox.fail_amazon_pay(page)
        seen = next(each["setupSession"] for each in pushed if each["setupSession"]["failure"])
        assert seen["status"] == "OPEN"
        journey.sandbox.authorize_amazon_pay(page)
        complete = (each["setupSession"] for each in pushed if each["setupSession"]["status"] == "COMPLETE")
        assert next(each for each in complete if each["paymentMethod"])["paymentMethod"]["status"] == "USABLE"


def test_a_waiting_client_is_told_of_an_expiry(journey: Journey) -> None:
    journey.begin()
    page = journey.open_page()
    session = journey.answers["createSetupSession"]["setupSession"]["id"]
    with journey.assent.live(journey.document("createSetupSession"), {"id": session}, name="SavedMethod") as pushed:
        assert next(pushed)["setupSession"]["status"] == "OPEN"
        journey.sandbox.client().v1.checkout.sessions.expire(page)
        assert next(each for each in pushed if each["setupSession"]["status"] == "EXPIRED")
