"""Bad weather: what a client meets, what was done all the same, and how deliveries go astray."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox, until
from tests.sandbox.paying import control
from tests.sandbox.receiver import Receiver
from tests.sandbox.test_deliveries import wait_for
from tests.sandbox_client import KEY


@pytest.fixture(autouse=True)
def fair_weather_afterwards(running: RunningSandbox) -> Iterator[None]:
    yield
    control(running, "weather/clear").raise_for_status()


def customers(client: stripe.StripeClient, email: str) -> int:
    return len(client.v1.customers.list({"email": email}).data)


def post(running: RunningSandbox, key: str, email: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": key}
    return httpx.post(f"{running.base_url}/v1/customers", data={"email": email}, headers=headers, trust_env=False)


@pytest.mark.parametrize(("what", "reason"), [("rate_limit", "global-rate"), ("lock_timeout", None)])
def test_a_limit_is_over_before_anything_is_done_and_keeps_no_key(
    running: RunningSandbox, client: stripe.StripeClient, what: str, reason: str | None
) -> None:
    email = f"{what}@example.com"
    control(running, "weather/requests", what=what, path="/v1/customers", times=2).raise_for_status()
    for _ in range(2):
        answer = post(running, what, email)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, what)
        assert answer.headers.get("stripe-rate-limited-reason") == reason
        assert "stripe-should-retry" not in answer.headers
    assert post(running, what, email).status_code == 200
    assert customers(client, email) == 1


@pytest.mark.parametrize("should_retry", [True, False])
def test_the_answer_says_whether_to_try_again_and_the_sdk_obeys(running: RunningSandbox, should_retry: bool) -> None:
    control(running, "weather/requests", what="rate_limit", should_retry=should_retry).raise_for_status()
    client = running.client(max_network_retries=1)
    if should_retry:
        assert client.v1.customers.create().id
    else:
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.create()


@pytest.mark.parametrize("done", [True, False])
def test_a_fault_is_kept_under_its_key_whether_or_not_the_work_was_done(
    running: RunningSandbox, client: stripe.StripeClient, done: bool
) -> None:
    email, key = f"{done}@example.com", f"fault-{done}"
    control(running, "weather/requests", what="server_error", method="post", path="/v1/*", done=done).raise_for_status()
    answers = [post(running, key, email) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[0].json()["error"]["type"] == "api_error"
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert customers(client, email) == int(done)
    assert post(running, f"{key}-new", email).status_code == 200


@pytest.mark.parametrize("what", ["close", "timeout"])
@pytest.mark.parametrize("done", [True, False])
def test_an_answer_is_lost_after_the_work_or_before_it(
    running: RunningSandbox, client: stripe.StripeClient, what: str, done: bool
) -> None:
    email, key = f"{what}-{done}@example.com", f"{what}-{done}"
    control(running, "weather/requests", what=what, done=done, path="/v1/customers", seconds=0.1).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        post(running, key, email)
    assert customers(client, email) == int(done)
    assert post(running, key, email).headers.get("idempotent-replayed") == ("true" if done else None)
    assert customers(client, email) == 1


def test_the_sdk_tries_a_lost_request_again_with_the_same_key(running: RunningSandbox) -> None:
    control(running, "weather/requests", what="close", done=True, method="POST").raise_for_status()
    client = running.client(max_network_retries=1)
    assert client.v1.customers.create({"email": "lost@example.com"}).id
    assert customers(client, "lost@example.com") == 1


def test_weather_strikes_at_a_rate_that_its_seed_repeats(running: RunningSandbox) -> None:
    patterns = []
    for _ in range(2):
        control(running, "weather/requests", what="rate_limit", path="/v1/products", rate=0.5, seed=7)
        answers = [
            httpx.get(f"{running.base_url}/v1/products", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
            for _ in range(20)
        ]
        patterns.append([answer.status_code for answer in answers])
        control(running, "weather/clear")
    assert patterns[0] == patterns[1]
    assert set(patterns[0]) == {200, 429}


def test_weather_is_listed_until_it_is_over_and_can_be_cleared(running: RunningSandbox) -> None:
    url = f"{running.base_url}/_sandbox/weather"
    control(running, "weather/requests", what="close", path="/v1/none", times=3)
    control(running, "weather/deliveries", what="drop", events="invoice.*", rate=0.1)
    listed = httpx.get(url, trust_env=False).json()
    assert [(each["what"], each["path"], each["times"]) for each in listed["requests"]] == [("close", "/v1/none", 3)]
    assert [(each["what"], each["events"], each["times"]) for each in listed["deliveries"]] == [
        ("drop", "invoice.*", None)
    ]
    assert httpx.delete(url, trust_env=False).json() == {"requests": [], "deliveries": []}


@pytest.mark.parametrize(
    ("path", "fields", "told"),
    [
        ("requests", {}, "`what` is missing"),
        ("requests", {"what": "hail"}, "`what` is 'hail': send one of rate_limit, lock_timeout"),
        ("requests", {"what": "close", "done": "perhaps"}, "`done` must be true or false"),
        ("requests", {"what": "close", "events": "*"}, "`events` means nothing here"),
        ("deliveries", {"what": "drop", "rate": 1.5}, "`rate` must be a number from 0 to 1"),
        ("deliveries", {"what": "drop", "seconds": "soon"}, "`seconds` must be a number from 0 to 604800"),
        ("deliveries", {"what": "drop", "times": 0}, "`times` must be a whole number from 1"),
    ],
)
def test_weather_that_makes_no_sense_is_refused(
    running: RunningSandbox, path: str, fields: dict[str, Any], told: str
) -> None:
    answer = control(running, f"weather/{path}", **fields)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert control(running, "weather/clear").json() == {"requests": [], "deliveries": []}


@pytest.fixture
def stormy(tmp_path: Path, receiver: Receiver) -> Iterator[RunningSandbox]:
    with RunningSandbox(tmp_path, webhook_url=receiver.url, webhook_secret="whsec_1") as sandbox:
        yield sandbox


@pytest.mark.parametrize(("what", "undelivered"), [("drop", 1), ("lose", 0)])
def test_a_delivery_never_comes_and_stripe_knows_or_does_not(
    stormy: RunningSandbox, receiver: Receiver, what: str, undelivered: int
) -> None:
    control(stormy, "weather/deliveries", what=what, events="customer.*").raise_for_status()
    client = stormy.client()
    client.v1.customers.create()
    client.v1.products.create({"name": "Tea"})
    wait_for(receiver, 1)
    client.v1.customers.create()
    wait_for(receiver, 2)
    assert sorted(receiver.types()) == ["customer.created", "product.created"]
    for _ in until(5):
        if len(client.v1.events.list({"delivery_success": False}).data) == undelivered:
            break
    assert len(client.v1.events.list({"delivery_success": False}).data) == undelivered


def test_a_delivery_comes_twice(stormy: RunningSandbox, receiver: Receiver) -> None:
    control(stormy, "weather/deliveries", what="duplicate", seconds=0).raise_for_status()
    stormy.client().v1.customers.create()
    wait_for(receiver, 2)
    assert receiver.bodies[0][0] != b""
    assert receiver.types() == ["customer.created"] * 2


def test_a_late_delivery_is_overtaken(stormy: RunningSandbox, receiver: Receiver) -> None:
    control(stormy, "weather/deliveries", what="delay", events="customer.created", seconds=0.5).raise_for_status()
    stormy.client().v1.customers.create()
    stormy.client().v1.products.create({"name": "Tea"})
    wait_for(receiver, 2)
    assert receiver.types() == ["product.created", "customer.created"]


def test_deliveries_are_shuffled(stormy: RunningSandbox, receiver: Receiver) -> None:
    control(stormy, "weather/deliveries", what="reorder", seconds=0.5, rate=1, seed=3).raise_for_status()
    client = stormy.client()
    ids = [client.v1.customers.create().id for _ in range(8)]
    wait_for(receiver, 8)
    assert sorted(receiver.ids()) == sorted(ids)
    assert receiver.ids() != ids
