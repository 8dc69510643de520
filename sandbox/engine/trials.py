"""How trials end."""

from sandbox import events
from sandbox.engine import renewals
from sandbox.resources.invoices import collecting
from sandbox.resources.subscriptions import ending, pausing
from sandbox.work import Object, Work


def remind(work: Work, subscription: Object) -> None:
    """Tell that the trial ends in three days."""
    events.emit(work, "customer.subscription.trial_will_end", subscription)


def end(work: Work, subscription: Object) -> None:
    """Begin the first period that is paid for; without a payment method do what `trial_settings` says."""
    missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if missing != "create_invoice" and collecting.default_method(work, subscription) is None:
        if missing == "cancel":
            ending.cancel(work, subscription)
        else:
            pausing.pause(work, subscription, "trial_end_without_payment_method")
        return
    renewals.renew(work, subscription, status="active")
