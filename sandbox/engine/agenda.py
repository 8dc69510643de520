"""When an object has something to do next, and what: read off the object itself, without looking at anything else."""

from collections.abc import Callable, Mapping
from typing import Any

Object = dict[str, Any]
Moment = Callable[[Object, int], int | None]
"""`(object, now)` -> the second at which it is due, None if it never is. Only reminders look at `now`."""

HOUR = 3600
DAY = 24 * HOUR
FIRST_PAYMENT = 23 * HOUR
"""Seconds that the invoice may stay unpaid with which a subscription begins, or goes on after a pause."""
LONGEST_DRAFT = 72 * HOUR
"""Seconds after which a draft is finalized although an endpoint has not acknowledged it."""
TRIAL_NOTICE = 3 * DAY
RENEWAL_NOTICE = 7 * DAY
"""How long before a renewal `invoice.upcoming` is sent; a choice of the Dashboard at Stripe."""
REFUND_TAKES = DAY
"""Seconds that an asynchronous refund stays as it is, unless a control ends it earlier."""
RENEWING = ("active", "past_due", "unpaid")
ENDED = ("canceled", "incomplete_expired")


def period_end(subscription: Object) -> int:
    """When the earliest of its items' periods ends."""
    return min(int(item["current_period_end"]) for item in subscription["items"]["data"])


def _expires(session: Object, _now: int) -> int | None:
    return session["expires_at"] if session["status"] == "open" else None


def _is_deleted(clock: Object, _now: int) -> int | None:
    return int(clock["deletes_after"])


def _link_expires(link: Object, _now: int) -> int | None:
    return None if link["expired"] else link["expires_at"]


def _gives_up(subscription: Object, _now: int) -> int | None:
    return subscription["created"] + FIRST_PAYMENT if subscription["status"] == "incomplete" else None


def _cancels(subscription: Object, _now: int) -> int | None:
    return None if subscription["status"] in (*ENDED, "incomplete") else subscription["cancel_at"]


def _drops_update(subscription: Object, _now: int) -> int | None:
    waiting = None if subscription["status"] in ENDED else subscription["pending_update"]
    return waiting["expires_at"] if waiting else None


def _collects_again(subscription: Object, _now: int) -> int | None:
    paused = None if subscription["status"] in ENDED else subscription["pause_collection"]
    return paused["resumes_at"] if paused else None


def _trial_ends(subscription: Object, _now: int) -> int | None:
    return subscription["trial_end"] if subscription["status"] == "trialing" else None


def _renews(subscription: Object, _now: int) -> int | None:
    return period_end(subscription) if subscription["status"] in RENEWING else None


def _trial_is_ending(subscription: Object, now: int) -> int | None:
    end = _trial_ends(subscription, now)
    return end - TRIAL_NOTICE if end and end - TRIAL_NOTICE > now else None


def _is_renewing(subscription: Object, now: int) -> int | None:
    if subscription["status"] not in ("active", "past_due", "trialing"):
        return None
    end = period_end(subscription)
    ends = subscription["cancel_at"] is not None and subscription["cancel_at"] <= end
    goes_on = not ends and not subscription["pause_collection"]
    return end - RENEWAL_NOTICE if goes_on and end - RENEWAL_NOTICE > now else None


def _finalizes(invoice: Object, _now: int) -> int | None:
    at: int | None = invoice["automatically_finalizes_at"]
    if invoice["status"] != "draft" or not invoice["auto_advance"] or at is None:
        return None
    return at if invoice["webhooks_delivered_at"] else max(at, invoice["created"] + LONGEST_DRAFT)


def _is_collected(invoice: Object, _now: int) -> int | None:
    goes_on = invoice["status"] == "open" and invoice["auto_advance"]
    return invoice["next_payment_attempt"] if goes_on else None


def _lapses(resumption: Object, _now: int) -> int | None:
    at: int | None = resumption["expires_at"]
    return at


def _is_lost(dispute: Object, _now: int) -> int | None:
    waits = dispute["status"] in ("needs_response", "warning_needs_response")
    return dispute["evidence_details"]["due_by"] if waits else None


def _is_concluded(refund: Object, now: int) -> int | None:
    at = int(refund["created"]) + REFUND_TAKES
    return at if at > now else None


AGENDA: Mapping[str, Mapping[str, Moment]] = {
    "checkout.session": {"expire": _expires},
    "dispute": {"lose": _is_lost},
    "file_link": {"expire": _link_expires},
    "invoice": {"finalize": _finalizes, "collect": _is_collected},
    "refund": {"conclude": _is_concluded},
    "sandbox.resumption": {"lapse": _lapses},
    "subscription": {
        "give_up": _gives_up,
        "cancel": _cancels,
        "drop_update": _drops_update,
        "collect_again": _collects_again,
        "end_trial": _trial_ends,
        "renew": _renews,
        "remind_of_trial_end": _trial_is_ending,
        "announce_renewal": _is_renewing,
    },
    "test_helpers.test_clock": {"delete": _is_deleted},
}
"""What each kind of object may have to do; of several things at one moment the first comes first."""


def next_deed(obj: Object, now: int) -> tuple[int, str] | None:
    """What the object has to do next, and when; None if nothing.

    Everything not done yet counts, however late, except reminders: one whose moment is not after `now` is over.
    """
    moments = AGENDA.get(obj["object"], {})
    due = [(at, name) for name, moment in moments.items() if (at := moment(obj, now)) is not None]
    return min(due, key=lambda each: each[0]) if due else None


def due(obj: Object, now: int) -> int | None:
    """The second at which the object has something to do next."""
    deed = next_deed(obj, now)
    return deed[0] if deed else None
