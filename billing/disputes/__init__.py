"""Disputes: what there is to show against one, and sending it, once."""

from billing.disputes.evidence import compose
from billing.disputes.gathering import gather
from billing.disputes.reading import get
from billing.disputes.submitting import SUBMIT, Preview, preview, submit

__all__ = ["SUBMIT", "Preview", "compose", "gather", "get", "preview", "submit"]
