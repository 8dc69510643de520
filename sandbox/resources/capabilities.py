"""What Stripe lets the account do with each payment method."""

from collections.abc import Sequence
from typing import Any

from sandbox.errors import ResourceMissing
from sandbox.kinds import Kind
from sandbox.wire.params import Params
from sandbox.work import Object, Work

METHODS = {"amazon_pay_payments": "amazon_pay", "card_payments": "card"}
"""Each capability with the payment method type that needs it."""
STATUSES = ("active", "pending", "inactive")
NOTHING_DUE: dict[str, Any] = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}


def status(work: Work, name: str) -> str:
    """As was decided; while nothing was, whatever is switched on is active. Cards always are."""
    if decided := work.find("capability", name):
        return str(decided["status"])
    return "active" if METHODS[name] in ("card", *work.sandbox.methods) else "inactive"


def get(work: Work, account: str, name: str) -> Object:
    """The capability, as it is now."""
    if name not in METHODS:
        raise ResourceMissing("capability", name, "capability")
    return work.find("capability", name) or _capability(account, name, status(work, name), [], work.now)


def request(work: Work, account: str, name: str, params: Params) -> Object:
    """Asks for it, and gets it at once, as in test mode; what is under review stays so."""
    capability = get(work, account, name)
    if params.get("requested") and capability["status"] == "inactive":
        due = capability["requirements"]["currently_due"]
        return decide(work, account, name, "pending" if due else "active", due)
    return capability


def decide(work: Work, account: str, name: str, status: str, due: Sequence[str]) -> Object:
    """Gives it this status from now on, with these requirements open."""
    made = _capability(account, name, status, due, work.now)
    if known := work.find("capability", name):
        known.update(made)
        return work.save(known)
    return work.add(made)


def _capability(account: str, name: str, status: str, due: Sequence[str], now: int) -> Object:
    reason = "requirements.fields_needed" if due and status != "active" else None
    is_requested = status != "inactive"
    return {
        "id": name,
        "object": "capability",
        "account": account,
        "future_requirements": dict(NOTHING_DUE),
        "requested": is_requested,
        "requested_at": now if is_requested else None,
        "requirements": {**NOTHING_DUE, "currently_due": list(due), "disabled_reason": reason},
        "status": status,
    }


KIND = Kind("capability", expands={"account": "account"})

ENDPOINTS: list[Any] = []
"""They stand below the account's own address."""
