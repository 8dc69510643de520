"""What every endpoint has in common, spoken raw where the SDK would be too polite."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY


@pytest.fixture
def raw(running: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer sk_live_1234567890",
        "Bearer pk_test_1234567890",
        "Bearer sk_test_",
        "Basic %%%",
        "Digest x",
    ],
)
def test_without_a_test_key_nothing_is_answered(running: RunningSandbox, authorization: str) -> None:
    answer = httpx.get(running.base_url + "/v1/customers", headers={"Authorization": authorization}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")
    assert "sk_live_1234567890" not in answer.text


def test_a_key_may_come_as_the_user_of_basic_authentication(running: RunningSandbox) -> None:
    assert httpx.get(running.base_url + "/v1/account", auth=(KEY, ""), trust_env=False).status_code == 200


def test_only_the_pinned_version_is_spoken(raw: httpx.Client) -> None:
    old = raw.get("/v1/customers", headers={"Stripe-Version": "2024-06-20"})
    assert (old.status_code, "2026-10-28.endive" in old.json()["error"]["message"]) == (400, True)
    assert raw.get("/v1/customers").headers["stripe-version"] == "2026-10-28.endive"


def test_every_answer_carries_a_request_id_and_a_date(raw: httpx.Client) -> None:
    answers = [raw.get("/v1/customers"), raw.get("/v1/customers/cus_none"), raw.get("/v1/nowhere")]
    ids = [answer.headers["request-id"] for answer in answers]
    assert all(id.startswith("req_") for id in ids)
    assert len(set(ids)) == 3
    assert all("date" in answer.headers for answer in answers)


def test_an_unknown_address_is_a_404_in_json(raw: httpx.Client) -> None:
    answer = raw.get("/v1/nowhere")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v1/nowhere).")
    assert "this sandbox does not" in raw.post("/v1/issuing/cards").json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("/v1/customers", {"foo": "1"}, "parameter_unknown", "foo"),
        ("/v1/customers", {"address[foo]": "1"}, "parameter_unknown", "address[foo]"),
        ("/v1/customers", {"email": "nobody"}, "email_invalid", "email"),
        ("/v1/customers", {"tax_exempt": "perhaps"}, None, "tax_exempt"),
        ("/v1/customers", {"balance": "much"}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"balance": "9" * 30}, "parameter_invalid_integer", "balance"),
        ("/v1/customers", {"expand": "sources"}, None, "expand"),
        ("/v1/customers", {"address": "here"}, None, "address"),
        ("/v1/customers", {"name[first]": "Ada"}, None, "name"),
        ("/v1/customers", {"metadata": "x"}, None, "metadata"),
        ("/v1/customers", {"metadata[" + "k" * 41 + "]": "x"}, None, "metadata[" + "k" * 41 + "]"),
        ("/v1/customers", {"metadata[k]": "x" * 501}, None, "metadata[k]"),
        ("/v1/customers", {f"metadata[{key}]": "x" for key in range(51)}, None, "metadata"),
        ("/v1/customers", {"source": "tok_visa"}, None, "source"),
        ("/v1/customers", {"[]": "1"}, None, "[]"),
        ("/v1/products", {}, "parameter_missing", "name"),
        ("/v1/products", {"name": ""}, "parameter_invalid_empty", "name"),
        ("/v1/products", {"name": "x", "description": ""}, "parameter_invalid_empty", "description"),
        ("/v1/products", {"name": "x", "active": "yes"}, None, "active"),
        ("/v1/products", {"name": "x", "images": "a.png"}, None, "images"),
        ("/v1/subscriptions", {"customer": "c", "items[0][price_data][currency]": "usd"}, "parameter_missing",
         "items[0][price_data][product]"),
    ],
)  # fmt: skip
def test_what_the_sdks_types_do_not_allow_is_refused_by_name(
    raw: httpx.Client, path: str, body: dict[str, str], code: str | None, param: str
) -> None:
    answer = raw.post(path, data=body)
    error = answer.json()["error"]
    assert (answer.status_code, error.get("code"), error.get("param")) == (400, code, param), error["message"]


def test_lists_may_be_written_with_and_without_indexes(raw: httpx.Client) -> None:
    for encoded in ("images[]=a&images[]=b", "images[0]=a&images[1]=b", "images[1]=b&images[0]=a"):
        answer = raw.post(
            "/v1/products",
            content="name=x&" + encoded,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.json()["images"] == ["a", "b"]


def test_a_body_that_is_no_form_is_refused(raw: httpx.Client) -> None:
    assert raw.post("/v1/customers", json={"email": "a@example.com"}).status_code == 400


def test_bytes_that_are_no_text_are_refused(raw: httpx.Client) -> None:
    assert raw.get("/v1/customers?email=%ff").status_code == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert raw.post("/v1/customers", content=b"name=%ff", headers=form).status_code == 400


def test_metadata_is_merged_key_by_key(client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"metadata": {"keep": "1", "drop": "2"}})
    customer = client.v1.customers.update(customer.id, {"metadata": {"drop": "", "new": "3"}})
    assert customer.metadata is not None
    assert customer.metadata.to_dict() == {"keep": "1", "new": "3"}
    cleared = client.v1.customers.update(customer.id, {"metadata": ""}).metadata
    assert cleared is not None
    assert cleared.to_dict() == {}


def test_an_update_tells_what_was_there_before(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    client.v1.customers.update(customer.id, {"name": "Ada L.", "metadata": {"a": "1"}, "email": ""})
    client.v1.customers.update(customer.id, {"name": "Ada L."})

    updates = [
        event
        for event in client.v1.events.list({"type": "customer.updated", "limit": 100}).data
        if event.data.object["id"] == customer.id
    ]
    assert [event.data.to_dict()["previous_attributes"] for event in updates] == [
        {"name": "Ada", "email": "ada@example.com", "metadata": {"a": None}}
    ]


def test_ids_turn_into_objects_on_request(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Tea", "default_price_data": {"currency": "eur", "unit_amount": 700}})
    assert isinstance(product.default_price, str)
    price: Any = client.v1.prices.retrieve(product.default_price, {"expand": ["product.default_price"]})
    assert price.product.default_price.id == price.id
    listed: Any = client.v1.prices.list({"product": product.id, "expand": ["data.product"]})
    assert listed.data[0].product.name == "Tea"


@pytest.mark.parametrize(
    ("expand", "code"),
    [("name", None), ("nothing", None), ("product.foo", None), ("a.b.c.d.e", "property_expansion_max_depth")],
)
def test_what_cannot_be_expanded_is_refused(client: stripe.StripeClient, expand: str, code: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expand") as refusal:
        client.v1.prices.create(
            {"currency": "usd", "unit_amount": 1, "product_data": {"name": "x"}, "expand": [expand]}
        )
    assert refusal.value.code == code


def test_pages_go_forward_and_backward(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    made = [client.v1.customers.create({"email": "page@example.com"}).id for _ in range(5)][::-1]
    listed = client.v1.customers.list({"email": "page@example.com", "limit": 2})
    assert ([each.id for each in listed.data], listed.has_more) == (made[:2], True)
    assert [each.id for each in listed.auto_paging_iter()] == made
    before = client.v1.customers.list({"email": "page@example.com", "limit": 2, "ending_before": made[4]})
    assert ([each.id for each in before.data], before.has_more) == (made[2:4], True)
    assert client.v1.customers.list({"created": {"gt": customer.created + 1000}}).data == []
    for limit in (0, 101):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            client.v1.customers.list({"limit": limit})
        assert refusal.value.param == "limit"
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.list({"starting_after": "cus_none"})
    assert (refusal.value.code, refusal.value.param) == ("resource_missing", "starting_after")


def test_the_first_answer_to_a_key_is_repeated(raw: httpx.Client) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first, second = (raw.post("/v1/customers", data={"name": "Ada"}, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert ("idempotent-replayed" in first.headers, second.headers["idempotent-replayed"]) == (False, "true")
    other = raw.post("/v1/customers", data={"name": "Bob"}, headers=key)
    elsewhere = raw.post("/v1/products", data={"name": "Ada"}, headers=key)
    assert [each.status_code for each in (other, elsewhere)] == [400, 400]
    assert [each.json()["error"]["type"] for each in (other, elsewhere)] == ["idempotency_error"] * 2


def test_a_decline_is_repeated_and_a_refused_parameter_is_not(raw: httpx.Client, customer: stripe.Customer) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    path = "/v1/payment_methods/pm_card_chargeDeclined/attach"
    first, second = (raw.post(path, data={"customer": customer.id}, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (402, 402)
    assert second.headers["idempotent-replayed"] == "true"

    key = {"Idempotency-Key": uuid4().hex}
    assert raw.post("/v1/customers", data={"foo": "1"}, headers=key).status_code == 400
    assert raw.post("/v1/customers", data={"name": "Ada"}, headers=key).status_code == 200


def test_one_key_in_parallel_has_one_effect(raw: httpx.Client, client: stripe.StripeClient) -> None:
    email = f"{uuid4().hex}@example.com"
    key = {"Idempotency-Key": email}
    statuses: list[int] = []

    def post() -> None:
        answer = httpx.post(
            raw.base_url.join("/v1/customers"),
            data={"email": email},
            headers={**raw.headers, **key},
            trust_env=False,
        )
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(client.v1.customers.list({"email": email}).data) == 1


def test_a_deleted_customer_says_so(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    client.v1.customers.delete(customer.id)
    gone = client.v1.customers.retrieve(customer.id)
    assert (gone.id, gone.deleted) == (customer.id, True)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.customers.update(customer.id, {"name": "x"})
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
