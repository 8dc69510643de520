"""The ledger: for each customer a chain of records, each of which seals the one before.

`digest = SHA-256(canonical JSON of the record + the previous digest)`, both as UTF-8 text, the previous one in
hexadecimal and empty for the first record. Canonical JSON has sorted keys, no blanks, no escapes that UTF-8 does not
need, and of numbers integers only. Personal values enter as `SHA-256(salt + value)`, so they can be removed later and
the chain still proves the rest.
"""

from billing.consents.ledger.chain import (
    GRANTED_WITH,
    PERSONAL,
    REVOKED_WITH,
    append,
    canonical,
    commit_personal,
    digest_of,
    list_records,
    said_by,
    seal,
)
from billing.consents.ledger.checking import Break, LedgerState, find_breaks, verify
from billing.consents.ledger.facts import granted_facts

__all__ = [
    "GRANTED_WITH",
    "PERSONAL",
    "REVOKED_WITH",
    "Break",
    "LedgerState",
    "append",
    "canonical",
    "commit_personal",
    "digest_of",
    "find_breaks",
    "granted_facts",
    "list_records",
    "said_by",
    "seal",
    "verify",
]
