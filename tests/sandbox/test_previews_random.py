"""A preview is the invoice, or the same refusal: for changes that nobody thought of."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.errors import StripeError
from tests.sandbox.direct import Direct

INTERVALS = ("day", "week", "month", "year")
CURRENCIES = ("usd", "jpy")
MODES = (
    {"type": "flexible"},
    {"type": "flexible", "flexible": {"proration_discounts": "itemized"}},
    {"type": "classic"},
)

prices = st.fixed_dictionaries(
    {"unit_amount": st.integers(0, 50_000), "interval": st.sampled_from(("month",) * 5 + INTERVALS)}
)
coupons = st.one_of(
    st.fixed_dictionaries({"percent_off": st.floats(0.5, 100).map(lambda each: round(each, 2))}),
    st.fixed_dictionaries({"amount_off": st.integers(1, 20_000)}),
)
durations = st.sampled_from(
    ({"duration": "once"}, {"duration": "forever"}, {"duration": "repeating", "duration_in_months": 1})
)
changes = st.fixed_dictionaries(
    {
        "items": st.lists(
            st.fixed_dictionaries({"price": prices, "quantity": st.integers(0, 9), "do": st.sampled_from("cccad")}),
            min_size=0,
            max_size=3,
        ),
        "at": st.floats(0, 1),
        "proration_behavior": st.sampled_from(("create_prorations", "always_invoice", "none")),
        "coupon": st.none() | st.tuples(coupons, durations),
        "anchor": st.sampled_from((None, None, None, "now", "unchanged")),
        "trial_end": st.sampled_from((None, None, None, None, "now", 86_400)),
    }
)
beginnings = st.fixed_dictionaries(
    {
        "items": st.lists(st.tuples(prices, st.integers(1, 9)), min_size=1, max_size=3),
        "mode": st.sampled_from(MODES),
        "coupon": st.none() | st.tuples(coupons, durations),
        "trial_days": st.sampled_from((None, None, None, 7)),
        "anchor_days": st.sampled_from((None, None, None, 1)),
        "balance": st.sampled_from((0, 0, -5_000, 70)),
        "currency": st.sampled_from(CURRENCIES),
    }
)


@settings(max_examples=300, deadline=None)
@given(beginnings, st.lists(changes, min_size=1, max_size=3), st.data())
def test_what_a_preview_says_is_what_happens(begun: Any, wanted: list[Any], data: Any) -> None:
    with Direct() as api:
        shop = Merchant(api, begun["currency"])
        subscription = shop.begin(begun)
        if subscription is None:
            return
        for each in wanted:
            subscription = shop.change(subscription, each, data)
        shop.renew(subscription)


class Merchant:
    """Makes what the strategies describe, and compares each preview with what comes of it."""

    def __init__(self, api: Direct, currency: str) -> None:
        self.api, self.currency = api, currency
        self.product = api.post("/v1/products", name="Tea")["id"]
        self.customer = api.post("/v1/customers")["id"]
        card = api.post("/v1/payment_methods/pm_card_visa/attach", customer=self.customer)["id"]
        api.post(f"/v1/customers/{self.customer}", invoice_settings={"default_payment_method": card})

    def price(self, price: Any) -> str:
        recurring = {"interval": price["interval"]}
        params = {"currency": self.currency, "unit_amount": price["unit_amount"], "product": self.product}
        return str(self.api.post("/v1/prices", recurring=recurring, **params)["id"])

    def discounts(self, coupon: Any) -> dict[str, Any]:
        if coupon is None:
            return {}
        off, duration = coupon
        currency = {"currency": self.currency} if "amount_off" in off else {}
        id = self.api.post("/v1/coupons", **off, **duration, **currency)["id"]
        return {"discounts": [{"coupon": id}]}

    def begin(self, begun: Any) -> Any:
        """The subscription, None if it was refused: as its preview said in either case."""
        if begun["balance"]:
            path = f"/v1/customers/{self.customer}/balance_transactions"
            self.api.post(path, amount=begun["balance"], currency=self.currency)
        items = [{"price": self.price(price), "quantity": quantity} for price, quantity in begun["items"]]
        details: dict[str, Any] = {"items": items, "billing_mode": begun["mode"]}
        if begun["trial_days"]:
            details["trial_end"] = self.api.sandbox.clock.now() + begun["trial_days"] * 86_400
        anchor = self._anchor(begun["anchor_days"])
        discounts = self.discounts(begun["coupon"])
        preview = self._preview(customer=self.customer, subscription_details={**details, **anchor[0]}, **discounts)
        made = self._try("/v1/subscriptions", **details, **anchor[1], **discounts, customer=self.customer)
        if isinstance(made, StripeError):
            assert _said(preview) == _said(made)
            return None
        assert _money(preview) == _money(self._latest(made))
        return made

    def change(self, subscription: Any, wanted: Any, data: Any) -> Any:
        """Preview a change and make it. What is not billed at once is on the next preview, too."""
        details, discounts = self._change(subscription, wanted, data), self.discounts(wanted["coupon"])
        path = f"/v1/subscriptions/{subscription['id']}"
        preview = self._preview(subscription=subscription["id"], subscription_details=details, **discounts)
        before = subscription["latest_invoice"]
        made = self._try(path, **details, **discounts)
        if isinstance(made, StripeError):
            assert _said(preview) == _said(made)
            return self.api.get(path)
        if made["latest_invoice"] != before:
            assert _money(preview) == _money(self._latest(made))
        else:
            assert _money(preview) == _money(self._preview(subscription=made["id"]))
        return made

    def renew(self, subscription: Any) -> None:
        """The next invoice is the one that was previewed."""
        preview = self._preview(subscription=subscription["id"])
        self.api.pass_to(preview["period_end"])
        renewed = self.api.get(f"/v1/subscriptions/{subscription['id']}")
        assert renewed["latest_invoice"] != subscription["latest_invoice"]
        assert _money(preview) == _money(self._latest(renewed))

    def _anchor(self, days: int | None) -> tuple[Any, Any]:
        """A later start of the cycle, as previews and as creations say it."""
        if days is None:
            return {}, {}
        second = self.api.sandbox.clock.now() + days * 86_400
        shown = {"type": "timestamp", "timestamp": second}
        return {"billing_cycle_anchor": shown}, {"billing_cycle_anchor": second}

    def _change(self, subscription: Any, wanted: Any, data: Any) -> dict[str, Any]:
        current = subscription["items"]["data"]
        start = min(item["current_period_start"] for item in current)
        end = max(item["current_period_end"] for item in current)
        details: dict[str, Any] = {"items": [], "proration_behavior": wanted["proration_behavior"]}
        details["proration_date"] = int(start + (end - start) * wanted["at"])
        for each in wanted["items"]:
            id = {"id": data.draw(st.sampled_from([item["id"] for item in current]))}
            priced = {"price": self.price(each["price"]), "quantity": each["quantity"]}
            details["items"].append({"c": {**id, **priced}, "a": priced, "d": {**id, "deleted": True}}[each["do"]])
        if wanted["anchor"]:
            details["billing_cycle_anchor"] = {"type": wanted["anchor"]}
        if wanted["trial_end"]:
            days = wanted["trial_end"]
            details["trial_end"] = "now" if days == "now" else self.api.sandbox.clock.now() + days
        return {name: value for name, value in details.items() if value != []}

    def _latest(self, subscription: Any) -> Any:
        return self.api.get(f"/v1/invoices/{subscription['latest_invoice']}")

    def _preview(self, **params: Any) -> Any:
        return self._try("/v1/invoices/create_preview", **params)

    def _try(self, path: str, **params: Any) -> Any:
        try:
            return self.api.post(path, **params)
        except StripeError as error:
            return error


def _said(refusal: Any) -> tuple[str, Any, Any]:
    assert isinstance(refusal, StripeError)
    return refusal.message, refusal.code, refusal.param


def _money(invoice: Any) -> dict[str, Any]:
    """What an invoice asks for, and why."""
    lines = [
        (line["amount"], line["period"], line["quantity"], [each["amount"] for each in line["discount_amounts"]])
        for line in invoice["lines"]["data"]
    ]
    same = ("amount_due", "currency", "starting_balance", "subtotal", "total")
    taken = [each["amount"] for each in invoice["total_discount_amounts"]]
    return {"lines": lines, "taken": taken, **{name: invoice[name] for name in same}}
