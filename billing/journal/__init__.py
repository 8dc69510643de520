"""The journal: every change of what callers can see, why, and in the order of the commits."""

from billing.journal.causes import Cause, CauseKind, caused_by
from billing.journal.recording import because
from billing.journal.redacting import redact

__all__ = ["Cause", "CauseKind", "because", "caused_by", "redact"]
