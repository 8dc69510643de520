"""Renewals: what Stripe bills by itself for managed subscriptions, held to the consent before it is collected."""

from billing.renewals.adopting import ADOPT, adopt
from billing.renewals.deciding import concerned, consider, is_managed
from billing.renewals.holding import HOLD, HOLD_INVOICE
from billing.renewals.holds import Reason
from billing.renewals.invoices import consider_invoice
from billing.renewals.judging import judge_draft, judge_subscription
from billing.renewals.locking import hold_bill
from billing.renewals.refunding import REFUND
from billing.renewals.releasing import RELEASE, release_calls
from billing.renewals.stopping import RESUME, STOP, resume_call
from billing.renewals.subscriptions import consider_subscription, let_go_on, stop

__all__ = [
    "ADOPT",
    "HOLD",
    "HOLD_INVOICE",
    "REFUND",
    "RELEASE",
    "RESUME",
    "STOP",
    "Reason",
    "adopt",
    "concerned",
    "consider",
    "consider_invoice",
    "consider_subscription",
    "hold_bill",
    "is_managed",
    "judge_draft",
    "judge_subscription",
    "let_go_on",
    "release_calls",
    "resume_call",
    "stop",
]
