"""Promotion codes: words that customers type in, each for a coupon."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id, new_token
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.pagination import page
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/promotion_codes"
CODE = URL + "/{promotion_code}"


def create(work: Work, params: Params) -> Object:
    """POST /v1/promotion_codes. A code is unique, whatever its case, while it is active."""
    word = params.get("code") or new_token(8).upper()
    if not word.replace("-", "").isalnum() or not word.isascii():
        raise InvalidRequest("A code is made of letters a-z, digits and dashes.", param="code")
    if any(_usable(work, other) for other in _with_word(work, word)):
        raise InvalidRequest(
            f"An active promotion code with `code: {word}` already exists.",
            code="resource_already_exists",
            param="code",
        )
    code = work.add(_new(work, word, params))
    events.emit(work, "promotion_code.created", code)
    return code


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/promotion_codes/{promotion_code}; only whether it is active, and metadata."""
    code = work.get("promotion_code", id)
    changes = params.given("active")
    if changes.get("active") and not work.find("coupon", code["promotion"]["coupon"]):
        raise InvalidRequest("The coupon of this promotion code was deleted.", param="active")
    if "metadata" in params:
        changes["metadata"] = merge(code["metadata"], params.get("metadata"))
    return events.change(work, "promotion_code.updated", code, **changes)


def list_codes(work: Work, params: Params) -> Object:
    """GET /v1/promotion_codes."""
    where = params.given("active", "customer")
    if "coupon" in params:
        where["promotion.coupon"] = params.get("coupon")
    sql, values = "", []
    if "code" in params:
        sql = "AND lower(json_extract(body, '$.code')) = ?"
        values = [params.get("code").lower()]
    return page(work, "promotion_code", params, URL, where, sql, *values)


def check(work: Work, code: Object, customer: Object, param: str) -> None:
    """InvalidRequest unless this customer may use the code now."""
    if not _usable(work, code):
        raise InvalidRequest(
            "This promotion code cannot be redeemed because it is not active: it has expired, was used up, or was "
            "switched off.",
            code="promotion_code_expired",
            param=param,
        )
    if code["customer"] not in (None, customer["id"]):
        raise InvalidRequest("This promotion code is for another customer.", param=param)
    if code["restrictions"]["first_time_transaction"] and _has_paid(work, customer):
        raise InvalidRequest(
            "This promotion code cannot be redeemed because the associated customer has prior transactions.",
            code="promotion_code_customer_not_first_time",
            param=param,
        )


def check_minimum(code: Object, amount: int, currency: str, param: str) -> None:
    """InvalidRequest if the order is below what the code asks for."""
    restrictions = code["restrictions"]
    if restrictions["minimum_amount"] is None:
        return
    if restrictions["minimum_amount_currency"] != currency or amount < restrictions["minimum_amount"]:
        raise InvalidRequest(
            f"This promotion code needs an order of at least {restrictions['minimum_amount']} "
            f"{restrictions['minimum_amount_currency']} (in the smallest unit).",
            param=param,
        )


def redeem(work: Work, code: Object) -> None:
    """Count one more use; the last one that is allowed switches the code off."""
    times = code["times_redeemed"] + 1
    events.change(
        work,
        "promotion_code.updated",
        code,
        active=code["active"] and times != code["max_redemptions"],
        times_redeemed=times,
    )


def _usable(work: Work, code: Object) -> bool:
    coupon = work.find("coupon", code["promotion"]["coupon"])
    late = code["expires_at"] is not None and work.now > code["expires_at"]
    used_up = code["max_redemptions"] is not None and code["times_redeemed"] >= code["max_redemptions"]
    return bool(code["active"] and coupon and coupon["valid"] and not late and not used_up)


def _with_word(work: Work, word: str) -> list[Object]:
    return work.select("promotion_code", {}, "AND lower(json_extract(body, '$.code')) = ?", (word.lower(),))


def _has_paid(work: Work, customer: Object) -> bool:
    where = {"customer": customer["id"], "status": "paid"}
    return any(each["amount_paid"] for each in work.select("invoice", where)) or bool(
        work.select("payment_intent", {"customer": customer["id"], "status": "succeeded"})
    )


def _new(work: Work, word: str, params: Params) -> Object:
    promotion, customer = params.nested("promotion"), params.get("customer")
    promotion.get("type")
    coupon = work.get("coupon", promotion.get("coupon"), "promotion[coupon]")
    if customer:
        work.get("customer", customer, "customer")
    return {
        "id": new_id("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": word,
        "created": work.now,
        "customer": customer,
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merge({}, params.get("metadata", {})),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": _restrictions(params),
        "times_redeemed": 0,
    }


def _restrictions(params: Params) -> dict[str, Any]:
    given = params.nested("restrictions")
    amount, currency = given.get("minimum_amount"), given.get("minimum_amount_currency")
    if (amount is None) != (currency is None):
        raise InvalidRequest(
            "Send `minimum_amount` and `minimum_amount_currency` together.", param="restrictions[minimum_amount]"
        )
    return {
        "first_time_transaction": given.get("first_time_transaction", False),
        "minimum_amount": amount,
        "minimum_amount_currency": currency and currency.lower(),
    }


KIND = Kind("promotion_code", expands={"customer": "customer", "promotion.coupon": "coupon"})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, list_codes),
    Endpoint("GET", CODE, retrieve("promotion_code")),
    Endpoint("POST", CODE, update),
]
