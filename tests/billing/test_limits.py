"""Limits of the methods themselves: refused where they are confirmed, doubted where they are not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog.testing

from billing import catalogue, payments, setup_sessions, subscriptions
from billing.callers import Caller
from billing.errors import NotFound, PaymentMethodLimit
from billing.limits import Limits, require_currency
from billing.money import Money
from billing.payments import NewRefund
from billing.runtime import Runtime
from billing.settings import CannotStart, StripeSettings, load
from billing.subscriptions import Item, SubscriptionChange
from tests.billing.chargeable import chargeable
from tests.billing.conftest import MERCHANT
from tests.billing.journey import a_saved_method, a_wish, unique
from tests.billing.ready import ready
from tests.running_sandbox import RunningSandbox


def limited(runtime: Runtime, **limits: Any) -> Runtime:
    return replace(runtime, limits=Limits(**limits))


async def test_a_currency_that_amazon_pay_does_not_take_calls_nothing(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await chargeable(runtime, sandbox, currency=None, maximum=None)
    with pytest.raises(PaymentMethodLimit) as caught:
        await it.charge(amount=Money(1500, "PLN"))
    assert caught.value.limit == "AMAZON_PAY_CURRENCIES"
    assert "Amazon Pay takes AUD, CHF" in caught.value.message
    assert caught.value.source.startswith("https://docs.stripe.com/")
    assert await it.at_stripe() == []
    assert (await it.charge(amount=Money(1500, "EUR"))).error is None


async def test_a_card_has_no_such_limit(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, card="4242424242424242", currency=None, maximum=None)
    assert (await it.charge(amount=Money(1500, "PLN"))).error is None


async def test_what_was_charged_once_is_not_refused_for_a_limit_that_came_later(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, key = await chargeable(runtime, sandbox), unique("key")
    charged = await it.charge(key=key)
    stricter = it.on(limited(runtime, currencies=frozenset({"EUR"})))
    assert await stricter.charge(key=key) == charged
    with pytest.raises(PaymentMethodLimit):
        await stricter.charge()


async def test_subscriptions_and_required_types_are_held_to_the_currencies(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await ready(runtime, sandbox)
    product = it.price.product_id
    price = await catalogue.create_price(
        runtime,
        MERCHANT,
        product_id=product,
        unit_amount=Money(1500, "PLN"),
        interval=("month", 1),
        lookup_key=None,
        self_service=False,
        idempotency_key=unique("price"),
    )
    with pytest.raises(PaymentMethodLimit):
        await it.subscribe(items=[Item(price)])
    assert await it.at_stripe("subscriptions") == []
    wish = a_wish(it.customer, it.consent.id, currency="PLN", required=["amazon_pay"])
    with pytest.raises(PaymentMethodLimit):
        await setup_sessions.create(runtime, MERCHANT, wish, idempotency_key=unique("session"))


async def test_a_subscription_is_not_moved_to_a_method_that_does_not_take_its_currency(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it = await ready(runtime, sandbox, card="4242424242424242")
    made = await it.subscribe()
    amazon = await a_saved_method(runtime, sandbox, it.customer, it.consent.id)
    stricter = limited(runtime, currencies=frozenset({"EUR"}))
    change = SubscriptionChange(made.subscription_id, payment_method_id=amazon.id)
    with pytest.raises(PaymentMethodLimit):
        await subscriptions.update(stricter, MERCHANT, change, idempotency_key=unique("change"))
    [subscription] = await it.at_stripe("subscriptions")
    assert subscription["default_payment_method"] == it.method.stripe_id


async def test_the_limit_of_another_customers_method_tells_nothing_of_it(
    runtime: Runtime, sandbox: RunningSandbox
) -> None:
    it, other = await ready(runtime, sandbox, card="4242424242424242"), await ready(runtime, sandbox)
    made = await it.subscribe()
    stricter = limited(runtime, currencies=frozenset({"EUR"}))
    own = Caller("CUSTOMER", customer_id=it.customer)
    told = []
    for method_id in (other.method.id, uuid4()):
        change = SubscriptionChange(made.subscription_id, payment_method_id=method_id)
        with pytest.raises(NotFound) as caught:
            await subscriptions.update(stricter, own, change, idempotency_key=unique("change"))
        told.append(caught.value.dump())
    assert told[0] == told[1]


@pytest.mark.parametrize(("refuse", "country"), [(False, "US"), (True, "US"), (True, "DE"), (True, None)])
def test_what_is_not_confirmed_is_a_warning_unless_it_is_to_be_refused(*, refuse: bool, country: str | None) -> None:
    limits = Limits(refuse_unconfirmed=refuse, country=country)
    require_currency(limits, "amazon_pay", "USD")
    if refuse and country == "US":
        with pytest.raises(PaymentMethodLimit, match="United States"):
            require_currency(limits, "amazon_pay", "EUR")
        return
    with structlog.testing.capture_logs() as logs:
        require_currency(limits, "amazon_pay", "EUR")
    warned = [each["limit"] for each in logs]
    assert warned == (["AMAZON_PAY_US_CURRENCIES"] if country == "US" else [])


async def test_amazons_month_is_doubted_or_refused(runtime: Runtime, sandbox: RunningSandbox) -> None:
    it = await chargeable(runtime, sandbox, maximum=None)
    small = {"USD": 20}
    await it.charge(1500)
    with structlog.testing.capture_logs() as logs:
        await it.on(limited(runtime, monthly_maxima=small)).charge(501)
    assert [each["limit"] for each in logs if "limit" in each] == ["AMAZON_PAY_MONTHLY_MAXIMA"]
    strict = it.on(limited(runtime, monthly_maxima=small | {"USD": 25}, refuse_unconfirmed=True))
    with pytest.raises(PaymentMethodLimit, match=r"25.00 USD .* 25.01 USD"):
        await strict.charge(500)
    assert (await strict.charge(499)).error is None


@pytest.mark.parametrize(("card", "refused"), [(None, True), ("4242424242424242", False)])
async def test_amazon_pay_gives_back_for_ninety_days(
    runtime: Runtime, sandbox: RunningSandbox, card: str | None, *, refused: bool
) -> None:
    it, key = await chargeable(runtime, sandbox, card=card), unique("key")
    payment = (await it.charge()).payment_id

    async def give_back(days: float, key: str) -> Any:
        late = replace(runtime, clock=lambda: runtime.clock() + timedelta(days=days))
        wanted = NewRefund(payment, Money(100, "USD"))
        return await payments.refund(late, MERCHANT, wanted, idempotency_key=key)

    made = await give_back(89.9, key)
    if refused:
        with pytest.raises(PaymentMethodLimit, match="90 days") as caught:
            await give_back(90.1, unique("key"))
        assert caught.value.limit == "AMAZON_PAY_REFUND_DAYS"
    else:
        await give_back(90.1, unique("key"))
    assert await give_back(91, key) == made, "the same key has the same outcome"


def test_the_figures_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_12345678")
    assert load(StripeSettings).method_limits("US") == Limits(country="US")
    monkeypatch.setenv("AMAZON_PAY_CURRENCIES", "USD, EUR")
    monkeypatch.setenv("AMAZON_PAY_MONTHLY_MAXIMA", "USD=1000,JPY=5")
    monkeypatch.setenv("AMAZON_PAY_REFUND_DAYS", "30")
    monkeypatch.setenv("REFUSE_UNCONFIRMED_LIMITS", "true")
    limits = load(StripeSettings).method_limits(None)
    assert limits.currencies == {"USD", "EUR"}
    assert (limits.monthly_maxima, limits.refund_days) == ({"USD": 1000, "JPY": 5}, 30)
    assert limits.refuse_unconfirmed


@pytest.mark.parametrize(
    ("name", "value"), [("AMAZON_PAY_CURRENCIES", "usd"), ("AMAZON_PAY_MONTHLY_MAXIMA", "USD:1000")]
)
def test_a_wrong_figure_names_its_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "sk_test_12345678")
    monkeypatch.setenv(name, value)
    with pytest.raises(CannotStart, match=name):
        load(StripeSettings)
