"""What a merchant answers to a dispute: texts and files, staged first or submitted at once."""

from typing import Any

from sandbox.errors import InvalidRequest
from sandbox.wire.params import Params
from sandbox.work import Object, Work

LONG_TEXTS = (
    "access_activity_log",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "duplicate_charge_explanation",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "uncategorized_text",
)
TEXTS = (
    *LONG_TEXTS,
    "billing_address",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_id",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
)
FILES = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
NO_EVIDENCE: dict[str, Any] = {**dict.fromkeys(sorted((*TEXTS, *FILES))), "enhanced_evidence": {}}
LONGEST_TEXT, LONGEST_TOGETHER = 20_000, 150_000
"""Characters of one of the long texts, and of all texts together."""
SHORTEST = {"customer_device_id": 15, "customer_device_fingerprint": 20}
"""Characters that Visa asks for (docstrings of DisputeUpdateParams)."""


def merged(work: Work, dispute: Object, given: Params) -> dict[str, Any]:
    """The dispute's evidence with what was sent; an empty value clears its field. InvalidRequest."""
    evidence: dict[str, Any] = {**dispute["evidence"], **given.given(*TEXTS, *FILES)}
    if "enhanced_evidence" in given:
        evidence["enhanced_evidence"] = _enhanced(given.get("enhanced_evidence") or {})
    for name in FILES:
        _check_file(work, evidence[name], f"evidence[{name}]")
    for name in LONG_TEXTS:
        if len(evidence[name] or "") > LONGEST_TEXT:
            raise InvalidRequest(f"This text can have up to {LONGEST_TEXT} characters.", param=f"evidence[{name}]")
    if (total := sum(len(evidence[name] or "") for name in TEXTS)) > LONGEST_TOGETHER:
        raise InvalidRequest(
            f"All texts of the evidence can have up to {LONGEST_TOGETHER} characters together; these have {total}.",
            param="evidence",
        )
    return evidence


def is_any(evidence: dict[str, Any]) -> bool:
    """Whether there is something in it."""
    return any(evidence.values())


def _check_file(work: Work, id: str | None, param: str) -> None:
    if id is None:
        return
    file = work.get("file", id, param)
    if file["purpose"] != "dispute_evidence":
        raise InvalidRequest(
            f"The file {id} was uploaded for {file['purpose']}: upload it with purpose=dispute_evidence.", param=param
        )


def _enhanced(given: dict[str, Any]) -> dict[str, Any]:
    visa = given.get("visa_compelling_evidence_3")
    if visa is None:
        return given
    disputed = visa.get("disputed_transaction")
    prior = visa.get("prior_undisputed_transactions", [])
    for each in (disputed or {}, *prior):
        for name, shortest in SHORTEST.items():
            if each.get(name) is not None and len(each[name]) < shortest:
                path = "evidence[enhanced_evidence][visa_compelling_evidence_3]"
                raise InvalidRequest(f"`{name}` must have at least {shortest} characters.", param=path)
    shown = {"disputed_transaction": disputed, "prior_undisputed_transactions": prior}
    return {**given, "visa_compelling_evidence_3": shown}
