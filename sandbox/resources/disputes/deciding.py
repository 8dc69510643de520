"""How a dispute ends: the bank or Amazon decides, or the time to answer is over."""

from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.resources import balance_transactions
from sandbox.work import Object, Work

WAITING = ("needs_response", "warning_needs_response")
"""The merchant may answer."""
CLOSED = ("lost", "warning_closed", "won")
WINS, LOSES = "winning_evidence", "losing_evidence"
"""Texts by which Stripe's test mode decides at once (https://docs.stripe.com/testing#disputes)."""


def win(work: Work, dispute: Object) -> Object:
    """For the merchant: the money comes back, with the fee. InvalidRequest if it is closed already."""
    if dispute["status"].startswith("warning"):
        return _close(work, dispute, "warning_closed")
    taken = dispute["balance_transactions"]
    _close(work, dispute, "won")
    if taken:
        returned = balance_transactions.add(
            work,
            dispute,
            "dispute_reversal",
            dispute["payment_method_details"]["type"],
            -taken[0]["amount"],
            fee=-taken[0]["fee"],
            description=f"Chargeback reversal for {dispute['charge']}",
        )
        dispute["balance_transactions"] = [*taken, returned]
        events.emit(work, "charge.dispute.funds_reinstated", work.save(dispute))
    return dispute


def lose(work: Work, dispute: Object) -> Object:
    """For the customer; an inquiry ends without that. InvalidRequest if it is closed already."""
    return _close(work, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")


def decide(work: Work, dispute: Object) -> None:
    """Decide what Stripe's test mode decides by the words of the evidence."""
    text = dispute["evidence"]["uncategorized_text"]
    if text == WINS:
        win(work, dispute)
    elif text == LOSES:
        lose(work, dispute)


def lose_unanswered(work: Work, dispute: Object) -> None:
    """End what nobody answered in time."""
    details = {**dispute["evidence_details"], "past_due": True}
    lose(work, events.change(work, "charge.dispute.updated", dispute, evidence_details=details))


def check_open(dispute: Object) -> None:
    """InvalidRequest if the dispute is closed."""
    if dispute["status"] in CLOSED:
        raise InvalidRequest(f"This dispute is already closed: it is {dispute['status']}.")


def _close(work: Work, dispute: Object, status: str, **changes: Any) -> Object:
    check_open(dispute)
    dispute.update(status=status, **changes)
    events.emit(work, "charge.dispute.closed", work.save(dispute))
    return dispute
