"""A draft waits until every endpoint has acknowledged it, and no longer than three days."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.moving_sandbox import MovingSandbox, moving_sandbox
from tests.sandbox.bench import HOUR
from tests.sandbox.receiver import Receiver


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[MovingSandbox]:
    with moving_sandbox(tmp_path, webhook_url=receiver.url, webhook_secret="whsec_1") as sandbox:
        yield sandbox


def subscribe(sandbox: MovingSandbox) -> Any:
    client = sandbox.client()
    customer = client.v1.customers.create()
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = client.v1.products.create({"name": "Tea"})
    price: Any = {"currency": "usd", "product": product.id, "recurring": {"interval": "month"}, "unit_amount": 900}
    return client.v1.subscriptions.create(
        {"customer": customer.id, "default_payment_method": method.id, "items": [{"price_data": price}]}
    )


def renewal(sandbox: MovingSandbox, subscription: Any) -> Any:
    return sandbox.client().v1.invoices.list({"subscription": subscription.id}).data[0]


def to_its_end(sandbox: MovingSandbox, subscription: Any) -> int:
    end = int(subscription["items"].data[0].current_period_end)
    sandbox.advance_to(datetime.fromtimestamp(end, UTC))
    return end


def test_acknowledged_at_once_it_is_finalized_in_an_hour(sandbox: MovingSandbox, receiver: Receiver) -> None:
    subscription = subscribe(sandbox)
    end = to_its_end(sandbox, subscription)
    draft = renewal(sandbox, subscription)
    assert (draft.status, draft.webhooks_delivered_at) == ("draft", end)
    assert receiver.types().count("invoice.created") == 2
    sandbox.advance(hours=1)
    assert renewal(sandbox, subscription).status == "paid"


def test_the_hour_begins_when_the_endpoint_acknowledges(sandbox: MovingSandbox, receiver: Receiver) -> None:
    subscription = subscribe(sandbox)
    receiver.refused = "invoice.created"
    end = to_its_end(sandbox, subscription)
    sandbox.advance(hours=5)
    waiting = renewal(sandbox, subscription)
    assert (waiting.status, waiting.webhooks_delivered_at) == ("draft", None)
    assert receiver.types().count("invoice.created") > 5

    receiver.refused = None
    sandbox.advance(hours=6)
    known = renewal(sandbox, subscription)
    assert end + 5 * HOUR < known.webhooks_delivered_at < end + 11 * HOUR
    sandbox.advance(hours=1)
    paid = renewal(sandbox, subscription)
    assert (paid.status, paid.status_transitions.finalized_at) == ("paid", known.webhooks_delivered_at + HOUR)


def test_never_acknowledged_it_is_finalized_after_three_days(sandbox: MovingSandbox, receiver: Receiver) -> None:
    subscription = subscribe(sandbox)
    receiver.refused = "invoice.created"
    end = to_its_end(sandbox, subscription)
    sandbox.advance(hours=71)
    assert renewal(sandbox, subscription).status == "draft"
    sandbox.advance(hours=1)
    paid = renewal(sandbox, subscription)
    assert (paid.status, paid.status_transitions.finalized_at) == ("paid", end + 72 * HOUR)


def test_an_endpoint_that_wants_other_events_is_not_waited_for(tmp_path: Path, receiver: Receiver) -> None:
    with moving_sandbox(tmp_path) as sandbox:
        sandbox.client().v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["invoice.paid"]})
        receiver.status = 500
        subscription = subscribe(sandbox)
        end = to_its_end(sandbox, subscription)
        assert renewal(sandbox, subscription).webhooks_delivered_at == end
        sandbox.advance(hours=1)
        assert renewal(sandbox, subscription).status == "paid"
