"""The applier: takes stored events and lets the mirror learn from them, any number of processes beside each other.

An event's row is its own job: whoever takes it moves its due time on, and that is the lease; the count of attempts is
the fence that a late finisher runs into.
"""

from billing.applier.answering import may_acknowledge
from billing.applier.renewing import stop_expired, sweep_drafts
from billing.applier.replaying import replay
from billing.applier.running import apply_due, run_applier

__all__ = ["apply_due", "may_acknowledge", "replay", "run_applier", "stop_expired", "sweep_drafts"]
