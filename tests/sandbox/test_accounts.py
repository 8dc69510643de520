"""What the account may do, what its Dashboard has switched on, and so what Checkout offers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.test_checkout_sessions import open_session
from tests.stripe_contract import violations

AMAZON_PAY = "amazon_pay_payments"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningSandbox]:
    """Of this test's own: what is decided here is the whole account's."""
    record = tmp_path / "exchanges.jsonl"
    with RunningSandbox(tmp_path, record=record) as sandbox:
        yield sandbox
    assert violations(record, tmp_path) == ""


def offered(client: stripe.StripeClient) -> list[str]:
    return list(open_session(client, client.v1.customers.create()).payment_method_types)


def test_what_stripe_does_not_allow_yet_is_not_offered(own: RunningSandbox) -> None:
    client = own.client()
    account = client.v1.accounts.retrieve_current()
    own.control("capabilities/review", status="pending", due="business_profile.url, company.tax_id")

    capability: Any = client.v1.accounts.capabilities.retrieve(account.id, AMAZON_PAY)
    now: Any = client.v1.accounts.retrieve_current()

    assert capability.status == "pending"
    assert capability.requirements.currently_due == ["business_profile.url", "company.tax_id"]
    assert now.capabilities.amazon_pay_payments == "pending"
    configuration: Any = client.v1.payment_method_configurations.list().data[0]
    assert configuration.amazon_pay.display_preference.value == "on"
    assert not configuration.amazon_pay.available
    assert offered(client) == ["card"]


def test_a_capability_that_is_asked_for_is_given(own: RunningSandbox) -> None:
    client = own.client()
    account = client.v1.accounts.retrieve_current()
    assert client.v1.accounts.capabilities.retrieve(account.id, AMAZON_PAY).requested
    own.control("capabilities/review", status="inactive")
    assert not client.v1.accounts.capabilities.retrieve(account.id, AMAZON_PAY).requested

    given = client.v1.accounts.capabilities.update(account.id, AMAZON_PAY, {"requested": True})

    assert (given.status, given.requested) == ("active", True)
    own.control("capabilities/review", status="inactive", due="business_profile.url")
    asked = client.v1.accounts.capabilities.update(account.id, AMAZON_PAY, {"requested": True})
    assert asked.status == "pending"


@pytest.mark.parametrize(("account", "capability"), [("acct_other", AMAZON_PAY), (None, "klarna_payments")])
def test_others_are_unknown(client: stripe.StripeClient, account: str | None, capability: str) -> None:
    account = account or client.v1.accounts.retrieve_current().id
    with pytest.raises(stripe.InvalidRequestError, match="No such"):
        client.v1.accounts.capabilities.retrieve(account, capability)


def test_methods_are_switched_on_and_off_in_the_default_configuration(own: RunningSandbox) -> None:
    client = own.client()
    [configuration] = client.v1.payment_method_configurations.list({"active": True}).data
    assert (configuration.is_default, configuration.application) == (True, None)
    assert offered(client) == ["card", "amazon_pay"]

    off: Any = client.v1.payment_method_configurations.update(
        configuration.id, {"amazon_pay": {"display_preference": {"preference": "off"}}}
    )

    assert (off.amazon_pay.display_preference.value, off.card.display_preference.value) == ("off", "on")
    assert client.v1.payment_method_configurations.retrieve(configuration.id) == off
    assert offered(client) == ["card"]


def test_a_restricted_key_is_refused_what_it_may_not_do(own: RunningSandbox) -> None:
    own.control("weather/requests", what="forbidden", path="/v1/refunds", method="GET")
    with pytest.raises(stripe.PermissionError, match="required permissions"):
        own.client().v1.refunds.list()
    assert own.client().v1.refunds.list().data == []
