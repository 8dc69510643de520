"""Twenty callers at once: one effect for one key, and one subscription for a consent that carries one."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.journey.walking import PAID, Journey

AT_ONCE = 20


def all_at_once(call: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(call, range(AT_ONCE)))


def errors(payloads: list[Any]) -> list[str | None]:
    return [each["error"] and each["error"]["__typename"] for each in payloads]


def test_twenty_times_the_same_customer_is_one(journey: Journey) -> None:
    made = all_at_once(lambda _: journey.attempt("createCustomer"))
    assert errors(made) == [None] * AT_ONCE
    assert len({each["customer"]["id"] for each in made}) == 1
    assert journey.customers_at_stripe() == [made[0]["customer"]["stripeId"]]


def test_twenty_setup_sessions_with_one_key_are_one(journey: Journey) -> None:
    journey.begin()
    first, *others = all_at_once(lambda _: journey.attempt("createSetupSession"))
    assert first["error"] is None
    assert others == [first] * (AT_ONCE - 1)
    assert len(journey.sessions_at_stripe()) == 1
    changed = journey.attempt("createSetupSession", types=["CARD"])
    assert errors([changed]) == ["IdempotencyMismatch"]


def test_twenty_subscriptions_with_one_key_are_one_that_is_paid_once(journey: Journey) -> None:
    journey.begin()
    journey.save_card()
    first, *others = all_at_once(lambda _: journey.attempt("createSubscription"))
    assert first["error"] is None
    assert first["subscription"]["status"] == "ACTIVE"
    assert others == [first] * (AT_ONCE - 1)
    assert journey.statuses_at_stripe() == PAID
    price = journey.answers["createPrice"]["price"]["id"]
    changed = journey.attempt("createSubscription", items=[{"priceId": price, "quantity": 2}])
    assert errors([changed]) == ["IdempotencyMismatch"]
    assert changed["subscription"] is None


@pytest.mark.parametrize("carried", [1, 2])
def test_of_twenty_subscriptions_with_keys_of_their_own_a_consent_carries_no_more_than_it_says(
    journey: Journey, carried: int
) -> None:
    scope = {**journey.scope(), "maximumSubscriptions": carried}
    journey.begin(scope=scope)
    journey.save_card()
    key = journey.customer_stripe_id()
    made = all_at_once(lambda n: journey.attempt("createSubscription", idempotencyKey=f"{key}-{n}"))
    assert Counter(errors(made)) == {None: carried, "ConsentScopeExceeded": AT_ONCE - carried}
    assert journey.statuses_at_stripe() == {name: each * carried for name, each in PAID.items()}
