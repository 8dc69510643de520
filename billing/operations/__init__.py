"""Operations: every mutation that calls Stripe is reserved, sent, and recorded, once for its idempotency key.

Reserve, in a transaction: the operation's row with exactly what will be asked. Call, outside of any. Record, in a
second one: what Stripe answered and what follows. Whoever comes to a row whose lease has run out continues it under
the same key of Stripe's, so a crash at any point leads to one effect or to none.
"""

from billing.operations.model import Call, Finish, Next, Outcome, Procedure, Send, Undone, answered, ours, unkeyed
from billing.operations.once import run_once
from billing.operations.pruning import prune
from billing.operations.running import failure, run
from billing.operations.settling import settle
from billing.operations.sweeping import order, sweep
from billing.operations.taking import is_begun, is_in_doubt, stored_request

__all__ = [
    "Call",
    "Finish",
    "Next",
    "Outcome",
    "Procedure",
    "Send",
    "Undone",
    "answered",
    "failure",
    "is_begun",
    "is_in_doubt",
    "order",
    "ours",
    "prune",
    "run",
    "run_once",
    "settle",
    "stored_request",
    "sweep",
    "unkeyed",
]
