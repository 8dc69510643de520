"""What nobody told us: events that were never delivered, objects that differ from what is known, accounts from before.

A walk goes through Stripe's lists page by page, within a budget of calls; how far it has come is a row, so a killed
one goes on where it was.
"""

from billing.recovery.plans import Plan, first_import, reconciliation
from billing.recovery.running import walk
from billing.recovery.sweeping import sweep_events
from billing.recovery.tallies import Finding, Outcome, Report, Tally

__all__ = [
    "Finding",
    "Outcome",
    "Plan",
    "Report",
    "Tally",
    "first_import",
    "reconciliation",
    "sweep_events",
    "walk",
]
