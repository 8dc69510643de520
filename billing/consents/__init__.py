"""Consents: what customers agreed to, in a ledger that proves it, and what may rest on it."""

from billing.consents import coverage, ledger
from billing.consents.granting import Granted, record
from billing.consents.redaction import redact
from billing.consents.revoking import Revocation, get, revoke
from billing.consents.scope import Amount, ScopeInput
from billing.consents.scope import of as scope_of
from billing.consents.standing import ConsentStatus, is_active, status, status_expression

__all__ = [
    "Amount",
    "ConsentStatus",
    "Granted",
    "Revocation",
    "ScopeInput",
    "coverage",
    "get",
    "is_active",
    "ledger",
    "record",
    "redact",
    "revoke",
    "scope_of",
    "status",
    "status_expression",
]
