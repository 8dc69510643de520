"""Payments while the customer is away, over HTTP: within the month, once for a key, and answered in GraphQL's words."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.journey.walking import Journey
from tests.running_assent import eventually

FIFTY = 50
DECLINES, ALWAYS_ASKS = "4000000000000341", "4000002760003184"
MONTH = {"amount": "100.00", "currency": "USD"}


def test_fifty_at_once_stay_within_the_month_that_they_share(journey: Journey) -> None:
    journey.begin_charging(monthlyMaximum=MONTH)
    journey.save_card()
    with ThreadPoolExecutor(FIFTY) as threads:
        made = list(threads.map(lambda n: journey.charge("3.00", key=str(n)), range(FIFTY)))
    outcomes = Counter(each["error"] and each["error"]["__typename"] for each in made)
    assert outcomes == {None: 33, "ConsentScopeExceeded": 17}
    assert journey.statuses_at_stripe()["payments"] == ["succeeded"] * 33
    refused = next(each["error"] for each in made if each["error"])
    assert float(refused["required"]["monthlyMaximum"]["amount"]) > float(MONTH["amount"])


def test_a_declined_charge_is_told_and_leaves_nothing_payable(journey: Journey) -> None:
    journey.begin_charging()
    journey.save_card(DECLINES)
    declined = journey.charge()
    assert declined["error"]["__typename"] == "PaymentDeclined"
    failure = declined["error"]["failure"]
    assert (failure["code"], failure["declineCode"]) == ("card_declined", "generic_decline")
    assert journey.charge() == declined, "the same key has the same outcome"
    assert journey.statuses_at_stripe()["payments"] == ["canceled"]


def test_a_charge_that_needs_the_customer_is_confirmed_on_a_page(journey: Journey) -> None:
    journey.begin_charging()
    journey.save_card(ALWAYS_ASKS)
    asked = journey.charge()
    assert asked["error"]["__typename"] == "AuthenticationRequired"
    action = asked["error"]["payment"]["nextAction"]
    assert action["expiresAt"]
    answer = journey.sandbox.press(f"/pay/{action['clientSecret']}", "Pay with [^<]*")
    journey.sandbox.press(answer.headers["location"], "Complete")
    paid = {"payment": {"status": "SUCCEEDED"}}
    document = "query P($id: ID!) { payment(id: $id) { status } }"
    wanted = {"id": asked["error"]["payment"]["id"]}
    assert eventually(lambda: journey.assent.graphql(document, wanted) == paid)


def test_what_is_wrong_with_a_charge_is_said_in_full(journey: Journey) -> None:
    journey.begin_charging()
    journey.save_card()
    for amount, problem in (("0.00", "input.amount"), ("-1.00", "input.amount"), ("1.001", "input.amount")):
        refused = journey.charge(amount, key=amount)["error"]
        assert refused["__typename"] == "InvalidInput"
        assert problem in refused["message"]
    over = journey.charge("20.01", key="over")["error"]
    assert (over["__typename"], over["required"]["maximumAmount"]["amount"]) == ("ConsentScopeExceeded", "20.01")
    assert journey.statuses_at_stripe()["payments"] == []
