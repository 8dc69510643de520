"""Payments that a control has told to fail, whatever their method is."""

from typing import Any

from sandbox.ids import new_id
from sandbox.test_cards import Decline
from sandbox.work import Object, Work

KIND_OF_PLAN = "sandbox.planned_failure"
USUAL = {"amazon_pay": "payment_method_provider_decline", "card": "generic_decline"}
"""Why a payment by a method of this type fails, where the plan does not say."""


def plan(work: Work, reason: str | None, times: int, **whose: Any) -> Object:
    """Let the next payments fail: any, or only those of the `customer` or the `payment_method` that is given."""
    return work.add(
        {"id": new_id("fail"), "object": KIND_OF_PLAN, "created": work.now, "reason": reason, "times": times, **whose}
    )


def listed(work: Work) -> list[Object]:
    """The plans that still wait for a payment, oldest first."""
    return work.select(KIND_OF_PLAN, sql="ORDER BY seq")


def take(work: Work, intent: Object, method: Object) -> Decline | None:
    """Why this attempt fails, if the oldest plan that fits says so; the plan has one time less then."""
    for each in listed(work):
        if each["customer"] in (None, intent["customer"]) and each["payment_method"] in (None, method["id"]):
            each["times"] -= 1
            if each["times"]:
                work.save(each)
            else:
                work.delete(each)
            return Decline(each["reason"] or USUAL[method["type"]])
    return None


def forget(work: Work) -> None:
    """Drop all plans."""
    for each in listed(work):
        work.delete(each)
