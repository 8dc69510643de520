"""Trials: time that costs nothing, with which a subscription begins or is set back to."""

from sandbox import events
from sandbox.engine.agenda import TRIAL_NOTICE
from sandbox.errors import InvalidRequest
from sandbox.wire.params import Params
from sandbox.work import Object, Work

DAY = 24 * 3600
LONGEST = 730
"""Days."""


def first_end(work: Work, params: Params) -> int | None:
    """When the trial of a new subscription ends; None without one."""
    end, days = params.get("trial_end"), params.get("trial_period_days")
    if end is not None and days is not None:
        raise InvalidRequest("You can only set one of trial_end and trial_period_days.", param="trial_period_days")
    if end == "now" or (end is None and days is None):
        return None
    end = end if end is not None else work.now + days * DAY
    _check(work, end, "trial_end" if days is None else "trial_period_days")
    return int(end)


def wanted(work: Work, subscription: Object, params: Params) -> tuple[int | None, bool]:
    """The new end of the trial that an update asks for, if any, and whether it ends the running one now."""
    end = params.get("trial_end")
    if end is None:
        return None, False
    if end == "now":
        return None, bool(subscription["status"] == "trialing")
    _check(work, end, "trial_end")
    return int(end), False


def put(subscription: Object, end: int | None, now: int) -> None:
    """Set or end the trial. The billing cycle is anchored where it ends.

    The start of a second trial is shown in flexible billing mode only; classic keeps that of the first.
    """
    if end is None:
        subscription.update(billing_cycle_anchor=now, status="active", trial_end=now)
        return
    first = subscription["status"] != "trialing" and (
        subscription["trial_start"] is None or subscription["billing_mode"]["type"] == "flexible"
    )
    start = now if first else subscription["trial_start"]
    subscription.update(billing_cycle_anchor=end, status="trialing", trial_end=end, trial_start=start)


def tell_if_soon(work: Work, subscription: Object, before: int | None = None) -> None:
    """Tell at once of the end of a trial that is new, or was not `before`, and comes within the usual notice."""
    end = subscription["trial_end"]
    if subscription["status"] == "trialing" and end != before and end - work.now <= TRIAL_NOTICE:
        events.emit(work, "customer.subscription.trial_will_end", subscription)


def _check(work: Work, end: int, param: str) -> None:
    if not work.now < end <= work.now + LONGEST * DAY:
        raise InvalidRequest(f"A trial ends in the future and lasts at most {LONGEST} days.", param=param)
