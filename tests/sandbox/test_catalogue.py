from typing import Any
from uuid import uuid4

import pytest
import stripe


def test_a_lookup_key_moves_only_when_told_to(client: stripe.StripeClient) -> None:
    key = uuid4().hex
    product = client.v1.products.create({"name": "Coffee"})
    params: Any = {"currency": "USD", "unit_amount": 900, "product": product.id, "lookup_key": key}
    recurring: Any = {**params, "recurring": {"interval": "month"}}
    first = client.v1.prices.create(recurring)
    assert (first.currency, first.type, str(first.unit_amount_decimal)) == ("usd", "recurring", "900")
    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        client.v1.prices.create(params)

    params["transfer_lookup_key"] = True
    second = client.v1.prices.create(params)

    assert [price.id for price in client.v1.prices.list({"lookup_keys": [key]}).data] == [second.id]
    assert client.v1.prices.retrieve(first.id).lookup_key is None


def test_a_fraction_of_the_smallest_unit_is_a_decimal_only(client: stripe.StripeClient) -> None:
    params: Any = {"currency": "usd", "product_data": {"name": "Call"}, "unit_amount_decimal": "0.5"}
    price = client.v1.prices.create(params)
    assert (price.unit_amount, str(price.unit_amount_decimal)) == (None, "0.5")


def test_prices_are_listed_by_what_they_are(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Tea"})
    made = {
        interval: client.v1.prices.create(
            {"currency": "eur", "unit_amount": 5, "product": product.id, "recurring": {"interval": interval}}
        ).id
        for interval in ("month", "year")
    }
    client.v1.prices.update(made["year"], {"active": False})
    assert [price.id for price in client.v1.prices.list({"product": product.id, "active": True})] == [made["month"]]
    yearly = client.v1.prices.list({"product": product.id, "recurring": {"interval": "year"}})
    assert [price.id for price in yearly] == [made["year"]]


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"unit_amount": None}, "unit_amount"),
        ({"unit_amount_decimal": "1"}, "unit_amount"),
        ({"unit_amount": -1}, "unit_amount"),
        ({"product": None}, "product"),
        ({"product": "prod_none"}, "product"),
        ({"recurring": {"interval": "month", "interval_count": 37}}, "recurring[interval_count]"),
        ({"billing_scheme": "tiered", "tiers": [{"up_to": "inf", "unit_amount": 1}]}, "tiers"),
    ],
)
def test_a_price_that_makes_no_sense_is_refused(
    client: stripe.StripeClient, changes: dict[str, Any], param: str
) -> None:
    product = client.v1.products.create({"name": "Tea"})
    params = {"currency": "usd", "unit_amount": 1, "product": product.id, **changes}
    wanted: Any = {name: value for name, value in params.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.prices.create(wanted)
    assert refusal.value.param == param


def test_a_product_with_prices_stays(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Tea", "default_price_data": {"currency": "usd", "unit_amount": 1}})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        client.v1.products.delete(product.id)
    other = client.v1.products.create({"name": "Water", "id": f"prod_{uuid4().hex}"})
    assert client.v1.products.delete(other.id).deleted


def test_an_empty_text_clears_it_unless_the_product_needs_it(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Tea", "description": "Green"})
    assert client.v1.products.update(product.id, {"description": ""}).description is None
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.products.update(product.id, {"name": ""})
    assert refusal.value.code == "parameter_invalid_empty"
