"""Webhooks as they arrive: signed, repeated until they are taken, and not lost by a crash."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.running_sandbox import RunningSandbox, until
from tests.sandbox.receiver import Receiver

SECRET = "whsec_first"


@pytest.fixture
def sandbox(tmp_path: Path, receiver: Receiver) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path, webhook_url=receiver.url, webhook_secret=SECRET) as sandbox:
        yield sandbox


def wait_for(receiver: Receiver, count: int) -> None:
    for _ in until(20):
        if len(receiver.bodies) >= count:
            return
    pytest.fail(f"{len(receiver.bodies)} of {count} deliveries came")


def test_an_event_arrives_signed_and_says_what_caused_it(sandbox: RunningSandbox, receiver: Receiver) -> None:
    client = sandbox.client()
    customer = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "k1"})

    wait_for(receiver, 1)

    body, signature = receiver.bodies[0]
    event: Any = client.construct_event(body.decode(), signature, SECRET)
    assert (event.type, event.data.object.id, event.livemode) == ("customer.created", customer.id, False)
    assert (event.api_version, event.request.idempotency_key) == ("2026-10-28.endive", "k1")
    assert event.pending_webhooks == 1
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body.decode(), signature, "whsec_other")
    for _ in until(5):
        if client.v1.events.retrieve(event.id).pending_webhooks == 0:
            break
    assert client.v1.events.retrieve(event.id).pending_webhooks == 0
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_a_refused_delivery_comes_again_with_a_new_signature(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.status = 500
    client = sandbox.client()
    client.v1.customers.create({})
    wait_for(receiver, 1)
    assert len(client.v1.events.list({"delivery_success": False}).data) == 1
    receiver.status = 200

    wait_for(receiver, 2)

    (first, old), (second, new) = receiver.bodies[:2]
    assert json.loads(first)["id"] == json.loads(second)["id"]
    assert old != new


def test_what_was_not_delivered_survives_a_crash(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.status = 503
    sandbox.client().v1.customers.create({})
    wait_for(receiver, 1)
    sandbox.kill()
    receiver.status = 200
    before = len(receiver.bodies)

    sandbox.start()

    wait_for(receiver, before + 1)
    assert set(receiver.types()) == {"customer.created"}
    assert len(sandbox.client().v1.webhook_endpoints.list().data) == 1


def test_each_endpoint_gets_what_it_asked_for_under_its_own_secret(sandbox: RunningSandbox, receiver: Receiver) -> None:
    client = sandbox.client()
    other = Receiver()
    try:
        endpoint = client.v1.webhook_endpoints.create(
            {"url": other.url, "enabled_events": ["product.created"], "api_version": "2026-10-28.endive"}
        )
        assert endpoint.secret is not None
        assert "secret" not in client.v1.webhook_endpoints.retrieve(endpoint.id)
        client.v1.customers.create({})
        client.v1.products.create({"name": "Coffee"})
        wait_for(receiver, 2)
        wait_for(other, 1)
        body, signature = other.bodies[0]
        assert client.construct_event(body.decode(), signature, endpoint.secret).type == "product.created"

        client.v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
        client.v1.products.create({"name": "Tea"})
        wait_for(receiver, 3)
        assert other.types() == ["product.created"]
        client.v1.webhook_endpoints.update(endpoint.id, {"disabled": False, "enabled_events": ["*"]})
        client.v1.customers.create({})
        wait_for(other, 2)
        assert client.v1.webhook_endpoints.delete(endpoint.id).deleted
    finally:
        other.close()


def test_an_endpoint_in_another_version_is_refused(sandbox: RunningSandbox) -> None:
    params: Any = {"url": "http://127.0.0.1:9", "enabled_events": ["*"], "api_version": "2024-06-20"}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        sandbox.client().v1.webhook_endpoints.create(params)
    assert refusal.value.param == "api_version"
