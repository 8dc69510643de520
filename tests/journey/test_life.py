"""What docs/life tells, over HTTP: a subscription that is previewed, changed, paused, refunded, canceled, and kept."""

from tests.journey.walking import DOCS, Journey


def test_the_life_of_a_subscription_as_it_is_documented(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    journey.take("createSubscription")
    journey.documents = DOCS / "life"

    preview = journey.take("previewSubscription")["preview"]
    assert preview["nextTotal"] == {"amount": "30.00", "currency": "USD"}
    assert preview["missingConsent"] == {"maximumAmount": {"amount": "30.00", "currency": "USD"}}
    [carried] = journey.take("recordConsent")["consent"]["subscriptions"]["edges"]
    assert carried["node"]["id"] == journey.answers["createSubscription"]["subscription"]["id"]

    changed = journey.take("updateSubscription")
    assert changed["subscription"]["items"][0]["quantity"] == 2
    assert changed["payment"] == {"status": "SUCCEEDED", "amount": preview["dueNow"]}
    invoice = changed["subscription"]["latestInvoice"]
    assert (invoice["status"], invoice["total"]) == ("PAID", preview["dueNow"])

    assert journey.take("pauseSubscription")["subscription"]["pause"]["collectionOnly"] is True
    assert journey.take("resumeSubscription")["subscription"] == {"status": "ACTIVE", "pause": None}
    refund = journey.take("refundPayment")
    assert refund["refund"]["status"] in ("PENDING", "SUCCEEDED")
    assert refund["payment"]["amountRefunded"] == {"amount": "5.00", "currency": "USD"}
    assert journey.take("cancelSubscription")["subscription"]["cancelAtPeriodEnd"] is True
    kept = journey.take("reactivateSubscription")["subscription"]
    assert kept == {"status": "ACTIVE", "cancelAtPeriodEnd": False, "cancelAt": None}
