"""Disputes over the API."""

from copy import deepcopy
from typing import Any

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.kinds import Kind
from sandbox.resources.disputes import deciding, evidence
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.metadata import merge
from sandbox.wire.params import Params
from sandbox.work import Object, Work

URL = "/v1/disputes"
DISPUTE = URL + "/{dispute}"
IN_REVIEW = {"needs_response": "under_review", "warning_needs_response": "warning_under_review"}


def update(work: Work, id: str, params: Params) -> Object:
    """POST /v1/disputes/{dispute}: evidence, submitted at once unless `submit` is false, and metadata."""
    dispute = work.get("dispute", id)
    changes: dict[str, Any] = params.given("intended_submission_method")
    if "metadata" in params:
        changes["metadata"] = merge(dispute["metadata"], params.get("metadata"))
    submits = params.get("submit", "evidence" in params)
    if submits or "evidence" in params:
        _check_answerable(dispute)
        changes |= _answer(work, dispute, params.nested("evidence"), submits=submits)
    events.change(work, "charge.dispute.updated", dispute, **changes)
    answer = deepcopy(dispute)
    if submits:
        # The decision is Stripe's next step, and not part of its answer.
        deciding.decide(work, dispute)
    return answer


def close(work: Work, id: str, _params: Params) -> Object:
    """POST /v1/disputes/{dispute}/close: give in, for good."""
    return deciding.lose(work, work.get("dispute", id))


def _check_answerable(dispute: Object) -> None:
    deciding.check_open(dispute)
    if dispute["status"] not in deciding.WAITING:
        raise InvalidRequest("The evidence of this dispute was submitted already and cannot be changed any more.")


def _answer(work: Work, dispute: Object, given: Params, *, submits: bool) -> dict[str, Any]:
    proof = evidence.merged(work, dispute, given)
    details = {**dispute["evidence_details"], "has_evidence": evidence.is_any(proof)}
    if not submits:
        return {"evidence": proof, "evidence_details": details}
    details.update(submission_count=details["submission_count"] + 1, submission_method="manual")
    return {"evidence": proof, "evidence_details": details, "status": IN_REVIEW[dispute["status"]]}


KIND = Kind(
    "dispute",
    expands={
        "charge": "charge",
        "payment_intent": "payment_intent",
        **{f"evidence.{name}": "file" for name in evidence.FILES},
    },
)

ENDPOINTS = [
    Endpoint("GET", URL, listing("dispute", URL, ["charge", "payment_intent"])),
    Endpoint("GET", DISPUTE, retrieve("dispute")),
    Endpoint("POST", DISPUTE, update),
    Endpoint("POST", DISPUTE + "/close", close),
]
