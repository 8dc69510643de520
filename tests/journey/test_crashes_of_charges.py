"""kill -9 while a payment, a refund or a change is under way: one effect at Stripe for one key."""

from typing import Any

from tests.crash_proxy import CrashProxy, Moment
from tests.journey.crashing import crash, everywhere, swept
from tests.journey.walking import DOCS, Journey

CHARGE, REFUND = "POST /v1/payment_intents", "POST /v1/refunds"
CHANGE = r"POST /v1/subscriptions/\w+"


@everywhere
def test_a_charge_is_made_once_by_its_client(journey: Journey, proxy: CrashProxy, moment: Moment) -> None:
    journey.begin_charging()
    journey.save_card()
    fence = crash(journey, proxy, CHARGE, moment, journey.charge)
    before = journey.at_stripe()
    swept(journey, fence)
    assert proxy.posts() == [], "what charges is looked up, not performed"
    assert journey.at_stripe() == before
    charged = journey.charge()
    assert (charged["error"], charged["payment"]["status"]) == (None, "SUCCEEDED")
    assert journey.charge() == charged
    assert journey.statuses_at_stripe()["payments"] == ["succeeded"]


@everywhere
def test_a_refund_is_made_once(journey: Journey, proxy: CrashProxy, moment: Moment) -> None:
    subscribed(journey)
    fence = crash(journey, proxy, REFUND, moment, lambda: journey.attempt("refundPayment"))
    swept(journey, fence)
    refunded = journey.take("refundPayment")
    assert refunded["payment"]["amountRefunded"] == {"amount": "5.00", "currency": "USD"}
    assert [each.amount for each in refunds_at_stripe(journey)] == [500]
    assert journey.take("refundPayment")["refund"]["id"] == refunded["refund"]["id"]
    assert len(refunds_at_stripe(journey)) == 1


@everywhere
def test_a_change_is_made_and_paid_once_by_its_client(journey: Journey, proxy: CrashProxy, moment: Moment) -> None:
    subscribed(journey)
    journey.take("previewSubscription")
    journey.take("recordConsent")
    fence = crash(journey, proxy, CHANGE, moment, lambda: journey.attempt("updateSubscription"))
    before = journey.at_stripe()
    swept(journey, fence)
    assert proxy.posts() == []
    assert journey.at_stripe() == before
    changed = journey.take("updateSubscription")
    assert changed["subscription"]["items"][0]["quantity"] == 2
    assert changed["payment"]["amount"] == journey.answers["previewSubscription"]["preview"]["dueNow"]
    assert journey.take("updateSubscription") == changed
    expected = {"subscriptions": ["active"], "invoices": ["paid"] * 2, "payments": ["succeeded"] * 2}
    assert journey.statuses_at_stripe() == expected


def subscribed(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")
    journey.documents = DOCS / "life"


def refunds_at_stripe(journey: Journey) -> list[Any]:
    payments = journey.at_stripe()["payments"]
    listed = journey.sandbox.client().v1.refunds.list({"limit": 100}).data
    return [each for each in listed if each.payment_intent in payments]
