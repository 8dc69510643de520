from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox, until


def open_session(client: stripe.StripeClient, owner: stripe.Customer, /, **changes: Any) -> Any:
    params: Any = {
        "mode": "setup",
        "customer": owner.id,
        "currency": "usd",
        "allowed_payment_method_types": ["card", "amazon_pay"],
        "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/back",
        "metadata": {"consent": "1"},
        "setup_intent_data": {"metadata": {"consent": "1"}},
        **changes,
    }
    wanted: Any = {name: value for name, value in params.items() if value is not None}
    return client.v1.checkout.sessions.create(wanted)


def event_types(client: stripe.StripeClient, *ids: str) -> list[str]:
    """Types of the events about these objects, oldest first."""
    events = list(client.v1.events.list({"limit": 100}).auto_paging_iter())
    return [event.type for event in reversed(events) if event.data.object["id"] in ids]


def test_an_authorized_amazon_pay_account_is_attached_under_an_active_mandate(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session = open_session(client, customer)
    assert session.payment_method_types == ["card", "amazon_pay"]
    assert session.url == f"{running.base_url}/c/pay/{session.id}"

    back = running.authorize_amazon_pay(session.id)

    assert back == f"https://shop.example/done?session={session.id}"
    done: Any = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["setup_intent.payment_method", "setup_intent.mandate"]}
    )
    assert (done.status, done.url, done.setup_intent.status) == ("complete", None, "succeeded")
    method = done.setup_intent.payment_method
    assert (method.type, method.customer) == ("amazon_pay", customer.id)
    assert method.amazon_pay.to_dict() == {}
    assert (done.setup_intent.mandate.status, done.setup_intent.mandate.payment_method) == ("active", method.id)
    assert event_types(client, session.id, done.setup_intent.id, method.id) == [
        "setup_intent.created",
        "setup_intent.requires_action",
        "payment_method.attached",
        "setup_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_failure_at_amazon_leaves_the_session_open_for_another_try(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session = open_session(client, customer)

    assert running.fail_amazon_pay(session.id) == session.url

    failed: Any = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    assert (failed.status, failed.setup_intent.status) == ("open", "requires_payment_method")
    assert failed.setup_intent.last_setup_error.code == "setup_intent_authentication_failure"
    assert "setup_intent.setup_failed" in event_types(client, failed.setup_intent.id)
    assert running.authorize_amazon_pay(session.id).startswith("https://shop.example/done")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("4000000000000002", "Your card was declined."),
        ("4000000000009995", "Your card has insufficient funds."),
        ("4000000000000069", "Your card has expired."),
        ("4000000000000127", "security code is incorrect"),
        ("4242424242424241", "Your card number is incorrect."),
    ],
)
def test_a_card_that_cannot_be_saved_is_refused_on_the_form(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer, number: str, message: str
) -> None:
    session = open_session(client, customer)

    answer = running.enter_card(session.id, number)

    assert (answer.status_code, message in answer.text.replace("&#39;", "'")) == (200, True)
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"
    assert client.v1.customers.payment_methods.list(customer.id).data == []


def test_a_card_that_asks_for_the_customer_is_saved_after_the_challenge(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session = open_session(client, customer)
    page = running.enter_card(session.id, "4000002760003184").headers["location"]

    assert running.press(page, "Fail").headers["location"] == session.url
    page = running.enter_card(session.id, "4000002760003184").headers["location"]
    running.press(page, "Complete")

    (method,) = client.v1.customers.payment_methods.list(customer.id).data
    assert method.card is not None
    assert method.card.last4 == "3184"


def test_types_that_do_not_fit_the_currency_or_are_switched_off_vanish_in_silence(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    assert open_session(client, customer, currency="cad").payment_method_types == ["card"]
    running.enable("card")
    try:
        assert open_session(client, customer).payment_method_types == ["card"]
        capabilities = client.v1.accounts.retrieve_current().capabilities
        assert capabilities is not None
        assert capabilities.amazon_pay_payments == "inactive"
        with pytest.raises(stripe.InvalidRequestError, match="No valid payment method types"):
            open_session(client, customer, allowed_payment_method_types=["amazon_pay"])
    finally:
        running.enable("card", "amazon_pay")


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"currency": None, "allowed_payment_method_types": None}, "parameter_missing", "currency"),
        ({"mode": "payment"}, None, "mode"),
        ({"mode": "sideways"}, None, "mode"),
        ({"success_url": None}, "parameter_missing", "success_url"),
        ({"success_url": "shop"}, "url_invalid", "success_url"),
        ({"expires_at": 1}, None, "expires_at"),
        ({"customer": "cus_none"}, "resource_missing", "customer"),
        ({"line_items": [{"price": "price_1"}]}, None, "line_items"),
        ({"setup_intent_data": {"foo": "bar"}}, "parameter_unknown", "setup_intent_data[foo]"),
        ({"custom_text": {"submit": {"message": "x" * 1201}}}, None, "custom_text[submit][message]"),
    ],
)
def test_a_session_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient,
    customer: stripe.Customer,
    changes: dict[str, Any],
    code: str | None,
    param: str,
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        open_session(client, customer, **changes)
    assert (refusal.value.code, refusal.value.param) == (code, param)


def test_an_expired_session_takes_its_setup_intent_with_it(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session = open_session(client, customer)

    expired: Any = client.v1.checkout.sessions.expire(session.id, {"expand": ["setup_intent"]})

    assert (expired.status, expired.setup_intent.status) == ("expired", "canceled")
    assert event_types(client, session.id) == ["checkout.session.expired"]
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(session.id)


def test_checkout_owns_its_setup_intent(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    session = open_session(client, customer)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.setup_intents.cancel(session.setup_intent)
    assert refusal.value.code == "setup_intent_unexpected_state"


def test_detaching_is_told_twice_and_is_for_good(
    running: RunningSandbox, client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session = open_session(client, customer)
    running.authorize_amazon_pay(session.id)
    (method,) = client.v1.customers.payment_methods.list(customer.id, {"type": "amazon_pay"}).data
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})

    client.v1.payment_methods.detach(method.id)

    settings = client.v1.customers.retrieve(customer.id).invoice_settings
    assert settings is not None
    assert settings.default_payment_method is None
    intent: Any = client.v1.setup_intents.retrieve(session.setup_intent, {"expand": ["mandate"]})
    assert intent.mandate.status == "inactive"
    assert event_types(client, method.id, intent.mandate.id)[-2:] == ["payment_method.detached", "mandate.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
        client.v1.payment_methods.attach(method.id, {"customer": customer.id})


def test_every_event_of_a_session_is_listed_with_the_request_that_caused_it(
    client: stripe.StripeClient, customer: stripe.Customer
) -> None:
    session: Any = client.v1.checkout.sessions.create(
        {"mode": "setup", "currency": "usd", "success_url": "https://shop.example", "customer": customer.id},
        {"idempotency_key": f"once-{customer.id}"},
    )
    for _ in until(5):
        created = client.v1.events.list({"type": "setup_intent.created"}).data
        if [event for event in created if event.data.object["id"] == session.setup_intent]:
            break
    (event,) = [event for event in created if event.data.object["id"] == session.setup_intent]
    assert event.request is not None
    assert (event.request.id, event.request.idempotency_key) == (
        session.last_response.request_id,
        f"once-{customer.id}",
    )
    assert event.api_version == "2026-10-28.endive"
