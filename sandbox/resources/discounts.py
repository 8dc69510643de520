"""Discounts: coupons at work on a subscription, an item of one, an invoice or an item of one."""

from collections.abc import Iterable
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import coupons, promotion_codes
from sandbox.resources.subscriptions import periods
from sandbox.wire.params import Params
from sandbox.work import Object, Work

MOST = 20


def wanted(work: Work, params: Params, path: str, current: Iterable[str], currency: str, **of: Any) -> list[str]:
    """The ids of the discounts that `discounts` asks for: new ones of coupons and codes, and those to be kept.

    `path` names the parameter in refusals, `current` are the discounts that may be kept, and `of` says whose they
    are: `customer`, with `subscription`, `subscription_item`, `invoice` or `invoice_item`.
    """
    given = list(params.each("discounts"))
    if len(given) > MOST:
        raise InvalidRequest(f"At most {MOST} discounts can be used together.", param=path)
    ids = [_one(work, each, f"{path}[{index}]", current, of) for index, each in enumerate(given)]
    if len({_coupon_id(work, id) for id in ids}) < len(ids):
        raise InvalidRequest("Each coupon can be used once only in `discounts`.", param=path)
    for index, id in enumerate(ids):
        _check_currency(work, coupon_of(work, id), currency, f"{path}[{index}]")
    return ids


def _one(work: Work, params: Params, path: str, current: Iterable[str], of: dict[str, Any]) -> str:
    given = params.given("coupon", "discount", "promotion_code")
    if len(given) != 1:
        raise InvalidRequest("Send exactly one of `coupon`, `discount` and `promotion_code`.", param=path)
    ((kind, id),) = given.items()
    if kind == "discount":
        if id not in current:
            raise InvalidRequest(f"No such discount: '{id}'", code="resource_missing", param=f"{path}[discount]")
        return str(id)
    if kind == "coupon":
        return str(add(work, work.get("coupon", id, f"{path}[coupon]"), None, f"{path}[coupon]", of)["id"])
    code = work.get("promotion_code", id, f"{path}[promotion_code]")
    promotion_codes.check(work, code, work.get("customer", of["customer"]), f"{path}[promotion_code]")
    coupon = work.get("coupon", code["promotion"]["coupon"])
    return str(add(work, coupon, code, f"{path}[promotion_code]", of)["id"])


def _check_currency(work: Work, coupon: Object, currency: str, path: str) -> None:
    if coupon["amount_off"] is not None and coupons.amount_in(work, coupon, currency) is None:
        raise InvalidRequest(
            f"The coupon `{coupon['id']}` takes off {coupon['currency']} and cannot be used with {currency}. Give it "
            f"`currency_options[{currency}]`, or use another one.",
            param=path,
        )


def add(work: Work, coupon: Object, code: Object | None, path: str, of: dict[str, Any]) -> Object:
    """Redeem a coupon: a discount from now on. InvalidRequest if it is not valid any more."""
    coupons.redeem(work, coupon, path)
    if code:
        promotion_codes.redeem(work, code)
    discount = work.add(
        {
            **dict.fromkeys(OWNERS),
            "id": new_id("di"),
            "object": "discount",
            "checkout_session": None,
            "customer_account": None,
            "end": _end(work, coupon),
            "promotion_code": code and code["id"],
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": work.now,
            **of,
        }
    )
    if not discount["invoice"] and not discount["invoice_item"]:
        events.emit(work, "customer.discount.created", discount)
    return discount


def check_minimum(work: Work, id: str, order: int, currency: str, path: str) -> None:
    """InvalidRequest if the discount is of a code that asks for a larger order."""
    if code := work.ever("discount", id)["promotion_code"]:
        promotion_codes.check_minimum(work.get("promotion_code", code), order, currency, path)


def remove(work: Work, ids: Iterable[str]) -> None:
    """They are over. Invoices made with them still show them."""
    for id in ids:
        discount = work.ever("discount", id)
        if not work.deleted("discount", id):
            work.delete(discount)
            events.emit(work, "customer.discount.deleted", discount)


def active(work: Work, ids: Iterable[str]) -> list[str]:
    """Those that still apply now."""
    return [id for id in ids if (end := work.ever("discount", id)["end"]) is None or work.now < end]


def of_all(subscription: Object) -> set[str]:
    """The discounts of a subscription and of its items."""
    items = subscription["items"]["data"]
    return {id for owner in (subscription, *items) for id in owner["discounts"]}


def coupon_of(work: Work, id: str) -> Object:
    """The coupon behind a discount, even if it was deleted since."""
    return work.ever("coupon", _coupon_id(work, id))


def is_once(work: Work, id: str) -> bool:
    """Whether the discount is for one invoice only."""
    return bool(coupon_of(work, id)["duration"] == "once")


def _coupon_id(work: Work, id: str) -> str:
    return str(work.ever("discount", id)["source"]["coupon"])


def _end(work: Work, coupon: Object) -> int | None:
    if coupon["duration"] != "repeating":
        return None
    return periods.boundary(work.now, "month", coupon["duration_in_months"])


OWNERS = ("customer", "invoice", "invoice_item", "subscription", "subscription_item")

KIND = Kind(
    "discount",
    expands={"customer": "customer", "promotion_code": "promotion_code", "source.coupon": "coupon"},
)

ENDPOINTS: list[Any] = []
