"""Payments that are to fail, although nothing is wrong with their method."""

from sandbox.controls.control import Control
from sandbox.controls.fields import Fields
from sandbox.resources import planned_failures
from sandbox.test_cards import OUTCOMES
from sandbox.work import Object, Work

MOST = 1000


def fail_next(work: Work, fields: Fields) -> Object:
    """Let the next `times` payments fail with `decline_code`: any, or those of a `customer` or `payment_method`."""
    reason = fields.choice("decline_code", tuple(OUTCOMES)) if fields.optional("decline_code") else None
    whose = {
        kind: fields.object(work, kind)["id"] if fields.optional(kind) else None
        for kind in ("customer", "payment_method")
    }
    return planned_failures.plan(work, reason, fields.integer("times", 1, 1, MOST), **whose)


def fail_no_more(work: Work, _fields: Fields) -> Object:
    """Let payments succeed again."""
    planned_failures.forget(work)
    return {"planned": []}


def show(work: Work, _fields: Fields) -> Object:
    """What still waits for a payment."""
    return {"planned": planned_failures.listed(work)}


CONTROLS = (
    Control("payments/fail_next", fail_next),
    Control("payments/fail_next", show, "GET"),
    Control("payments/fail_no_more", fail_no_more),
)
