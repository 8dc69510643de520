"""Previews and changes over GraphQL: money and times as clients read them, and what is no longer so as data."""

from typing import Any

import pytest
import strawberry

from billing.callers import Caller
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from billing.tables import KeyScope
from schema.build import build
from schema.context import Context
from schema.nodes import global_id
from tests.billing.changing import Subscribed, subscribed
from tests.billing.journey import unique
from tests.running_sandbox import RunningSandbox

KEY = Caller("back office", KeyScope.WRITE)
PREVIEW = """
fragment Shown on SubscriptionPreview {
  dueNow { amount currency } nextTotal { amount currency } nextBillingAt token expiresAt
  lines { description amount { amount currency } quantity period { start end } proration }
  missingConsent { usage interval { unit count } maximumAmount { amount currency } products { id } }
}
"""
ASK = (
    PREVIEW
    + """
mutation ($input: PreviewSubscriptionInput!) {
  previewSubscription(input: $input) {
    preview { ...Shown }
    error { __typename message ... on InvalidInput { problems { path } } ... on NotFound { path id } }
  }
}
"""
)
CHANGE = (
    PREVIEW
    + """
mutation ($input: UpdateSubscriptionInput!) {
  updateSubscription(input: $input) {
    subscription { id items { price { id } quantity } }
    payment { amount { amount } status }
    error { __typename message ... on PreviewStale { current { ...Shown } } ... on InvalidInput { problems { path } } }
  }
}
"""
)


@pytest.fixture(scope="module")
def schema() -> strawberry.Schema:
    return build()


class Asker:
    def __init__(self, schema: strawberry.Schema, it: Subscribed) -> None:
        self.schema, self.it = schema, it
        self.id = global_id("subscription", it.id)

    async def ask(self, document: str, given: dict[str, Any], caller: Caller = KEY) -> Any:
        context = Context(self.it.runtime, caller, "request-1", "https://pay.example", ["s" * 32])
        result = await self.schema.execute(document, {"input": given}, context)
        assert result.errors is None, result.errors
        [payload] = (result.data or {}).values()
        return payload

    async def preview(self, **given: Any) -> Any:
        return await self.ask(ASK, {"change": {"subscriptionId": self.id, **given}})

    async def change(self, **given: Any) -> Any:
        return await self.ask(CHANGE, {"subscriptionId": self.id, "idempotencyKey": unique("key"), **given})


@pytest.fixture
async def asker(schema: strawberry.Schema, runtime: Runtime, sandbox: RunningSandbox) -> Asker:
    return Asker(schema, await subscribed(runtime, sandbox))


async def test_a_change_is_previewed_and_made(asker: Asker) -> None:
    dearer = global_id("price", asker.it.dearer.id)
    answer = await asker.preview(items=[{"priceId": dearer}])
    assert answer["error"] is None
    shown = answer["preview"]
    assert shown["nextTotal"] == {"amount": "25.00", "currency": "USD"}
    assert 9 < float(shown["dueNow"]["amount"]) <= 10
    assert [line["proration"] for line in shown["lines"]] == [True, True]
    assert shown["missingConsent"] is None
    made = await asker.change(items=[{"priceId": dearer}], previewToken=shown["token"])
    assert made["error"] is None
    assert made["subscription"] == {"id": asker.id, "items": [{"price": {"id": dearer}, "quantity": 1}]}
    assert made["payment"] == {"amount": {"amount": shown["dueNow"]["amount"]}, "status": "SUCCEEDED"}


async def test_what_no_longer_holds_comes_with_what_does(asker: Asker) -> None:
    dearer = global_id("price", asker.it.dearer.id)
    before = (await asker.preview(items=[{"priceId": dearer}]))["preview"]
    coupon = await asker.it.runtime.gateway.send(a_coupon())
    made = await asker.change(coupon=coupon.data["id"])
    assert made["error"] is None
    stale = await asker.change(items=[{"priceId": dearer}], previewToken=before["token"])
    assert stale["subscription"] is None
    assert stale["error"]["__typename"] == "PreviewStale"
    current = stale["error"]["current"]
    assert current["nextTotal"] == {"amount": "12.50", "currency": "USD"}
    again = await asker.change(previewToken=current["token"])
    assert again["error"] is None


def a_coupon() -> Request:
    return Request("post", "/v1/coupons", {"percent_off": 50, "duration": "forever"})


async def test_a_new_one_is_previewed_with_the_consent_that_is_missing(asker: Asker) -> None:
    it = asker.it
    given = {
        "customerId": global_id("customer", it.ready.customer),
        "items": [{"priceId": global_id("price", it.dearer.id), "quantity": 2}],
    }
    shown = (await asker.ask(ASK, {"create": given}))["preview"]
    assert shown["dueNow"] == {"amount": "50.00", "currency": "USD"}
    assert shown["missingConsent"] == {
        "usage": "RECURRING",
        "interval": {"unit": "MONTH", "count": 1},
        "maximumAmount": {"amount": "50.00", "currency": "USD"},
        "products": [{"id": global_id("product", it.dearer.product_id)}],
    }


async def test_errors_say_where_in_the_input(asker: Asker) -> None:
    price = global_id("price", asker.it.dearer.id)
    wrong = await asker.preview(items=[{"priceId": price, "quantity": 0}])
    assert wrong["error"]["problems"] == [{"path": ["input", "change", "items", "0", "quantity"]}]
    unknown = await asker.preview(items=[{"priceId": price}, {"priceId": "nothing"}])
    assert unknown["error"]["path"] == ["input", "change", "items", "1", "priceId"]
    assert unknown["error"]["id"] == "nothing"
    nobody = await asker.ask(ASK, {"create": {"customerId": "nobody", "items": [{"priceId": price}]}})
    assert nobody["error"]["path"] == ["input", "create", "customerId"]
    nothing = await asker.change()
    assert nothing["error"]["__typename"] == "InvalidInput"
