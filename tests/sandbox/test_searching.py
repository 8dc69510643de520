"""Searching payments by what the merchant wrote on them."""

from typing import Any
from uuid import uuid4

import pytest
import stripe

from tests.sandbox.paying import pay


def found(client: stripe.StripeClient, query: str, **more: Any) -> list[str]:
    params: Any = {"query": query, **more}
    return [each.id for each in client.v1.payment_intents.search(params).data]


def test_payments_are_found_by_their_metadata(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    mark = uuid4().hex
    first = pay(client, customer, metadata={"order": mark, "kind": "tea"})
    second = pay(client, customer, metadata={"order": mark}, amount=500)
    of_order = f"metadata['order']:'{mark}'"
    assert found(client, of_order) == [second.id, first.id]
    assert found(client, f'{of_order} AND metadata["kind"]:"tea"') == [first.id]
    assert found(client, f"{of_order} AND -metadata['kind']:'tea'") == [second.id]
    assert found(client, f"{of_order} AND metadata['kind']:null") == [second.id]
    assert found(client, f"{of_order} AND amount>1000 AND status:'succeeded'") == [first.id]
    assert found(client, f"metadata['order']~'{mark[:8].upper()}' AND currency:'usd'") == [second.id, first.id]
    assert found(client, f"metadata['order']:'none' OR customer:'{customer.id}'") == [second.id, first.id]


def test_a_search_is_paged_and_expanded(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    ids = [pay(client, customer).id for _ in range(3)]
    query = f"customer:'{customer.id}'"
    page: Any = client.v1.payment_intents.search({"query": query, "limit": 2, "expand": ["data.latest_charge"]})
    assert [each.latest_charge.object for each in page.data] == ["charge", "charge"]
    every = client.v1.payment_intents.search({"query": query, "limit": 2}).auto_paging_iter()
    assert [each.id for each in every] == ids[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "tea",
        "metadata:'tea'",
        "colour:'blue'",
        "status>'a'",
        "amount:'much'",
        "amount>1 AND",
        """metadata['a"b']:'c'""",
        "amount>1 amount<2",
        "amount>1 AND status:'a' OR status:'b'",
    ],
)
def test_a_query_that_is_none_is_refused(client: stripe.StripeClient, query: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.search({"query": query})
    assert refusal.value.param == "query"


def test_a_page_that_was_never_given_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.payment_intents.search({"query": "amount>1", "page": "2"})
    assert refusal.value.param == "page"
