"""Coupons: what can be taken off, and how often it can be redeemed."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_token
from sandbox.kinds import Kind
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/coupons"
COUPON = URL + "/{coupon}"
WHOLE = 100
"""Percent."""


def create(work: Work, params: Params) -> Object:
    """POST /v1/coupons."""
    id = params.get("id") or new_token(8)
    if work.find("coupon", id):
        raise InvalidRequest(f"Coupon already exists: {id}", code="resource_already_exists", param="id")
    coupon = work.add(_new(work, id, params), **_rarely_shown(work, params))
    events.emit(work, "coupon.created", coupon)
    return coupon


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/coupons/{coupon}; what it takes off never changes."""
    coupon = work.get("coupon", id)
    changes = params.given("name")
    if "metadata" in params:
        changes["metadata"] = merge(coupon["metadata"], params.get("metadata"))
    return events.change(work, "coupon.updated", coupon, **changes)


def delete(work: Work, id: str, _params: Params) -> Object:
    """DELETE /v1/coupons/{coupon}; discounts that were made of it go on."""
    coupon = work.get("coupon", id)
    work.delete(coupon)
    events.emit(work, "coupon.deleted", coupon)
    return {"id": id, "object": "coupon", "deleted": True}


def redeem(work: Work, coupon: Object, param: str) -> None:
    """Count one more use. InvalidRequest if there may be none."""
    if not coupon["valid"] or _is_late(work, coupon):
        raise InvalidRequest(
            f"Coupon expired: {coupon['id']}. Its `redeem_by` has passed or it has been redeemed "
            "`max_redemptions` times.",
            code="coupon_expired",
            param=param,
        )
    times = coupon["times_redeemed"] + 1
    coupon.update(times_redeemed=times, valid=coupon["max_redemptions"] is None or times < coupon["max_redemptions"])
    work.save(coupon)


def amount_in(work: Work, coupon: Object, currency: str) -> int | None:
    """What an amount-off coupon takes off in a currency; None if it is not for it."""
    if coupon["currency"] == currency:
        return int(coupon["amount_off"])
    option = (currency_options(work, coupon) or {}).get(currency)
    return int(option["amount_off"]) if option else None


def products_of(work: Work, coupon: Object) -> list[str] | None:
    """The products that a coupon is for; None: all."""
    found: dict[str, list[str]] | None = applies_to(work, coupon)
    return found["products"] if found else None


def applies_to(work: Work, coupon: Object) -> Any:
    """The field of that name, which is shown only if it is expanded."""
    return work.secret(coupon["id"]).get("applies_to")


def currency_options(work: Work, coupon: Object) -> Any:
    """The field of that name, which is shown only if it is expanded."""
    return work.secret(coupon["id"]).get("currency_options")


def _is_late(work: Work, coupon: Object) -> bool:
    return coupon["redeem_by"] is not None and work.now > coupon["redeem_by"]


def _new(work: Work, id: str, params: Params) -> Object:
    redeem_by = params.get("redeem_by")
    if redeem_by is not None and redeem_by <= work.now:
        raise InvalidRequest("`redeem_by` must be in the future.", param="redeem_by")
    return {
        "id": id,
        "object": "coupon",
        "created": work.now,
        "livemode": False,
        "max_redemptions": _positive(params, "max_redemptions"),
        "metadata": merge({}, params.get("metadata") or {}),
        "name": params.get("name"),
        "redeem_by": redeem_by,
        "times_redeemed": 0,
        "valid": True,
        **_off(params),
        **_duration(params),
    }


def _rarely_shown(work: Work, params: Params) -> dict[str, Any]:
    products = params.nested("applies_to").get("products")
    for product in products or []:
        work.get("product", product, "applies_to[products]")
    options = params.get("currency_options")
    return {"applies_to": {"products": products} if products else None, "currency_options": options}


def _off(params: Params) -> dict[str, Any]:
    percent, amount = params.get("percent_off"), _positive(params, "amount_off")
    if (percent is None) == (amount is None):
        raise InvalidRequest(
            "Send exactly one of `percent_off` and `amount_off`.", code="parameter_missing", param="percent_off"
        )
    if percent is not None and not 0 < percent <= WHOLE:
        raise InvalidRequest("`percent_off` must be above 0 and at most 100.", param="percent_off")
    currency = params.get("currency")
    if amount is not None and not currency:
        raise InvalidRequest("`amount_off` needs a `currency`.", code="parameter_missing", param="currency")
    return {"amount_off": amount, "currency": currency.lower() if amount else None, "percent_off": percent}


def _duration(params: Params) -> dict[str, Any]:
    duration, months = params.get("duration", "once"), _positive(params, "duration_in_months")
    if (duration == "repeating") != (months is not None):
        raise InvalidRequest(
            "`duration_in_months` is required with duration=repeating, and for that one only.",
            param="duration_in_months",
        )
    return {"duration": duration, "duration_in_months": months}


def _positive(params: Params, name: str) -> int | None:
    value: int | None = params.get(name)
    if value is not None and value < 1:
        raise InvalidRequest("Invalid positive integer", code="parameter_invalid_integer", param=name)
    return value


KIND = Kind("coupon", includes={"applies_to": applies_to, "currency_options": currency_options})

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("coupon", URL)),
    Endpoint("GET", COUPON, retrieve("coupon")),
    Endpoint("POST", COUPON, update),
    Endpoint("DELETE", COUPON, delete),
]
