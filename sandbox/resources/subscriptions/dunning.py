"""What becomes of a subscription that could not be collected."""

from sandbox import events
from sandbox.resources.subscriptions import ending, pausing
from sandbox.work import Object, Work


def give_up(work: Work, subscription: Object) -> None:
    """The last retry of its latest invoice has failed: do what the account's settings say."""
    if subscription["status"] != "past_due":  # a later invoice was paid meanwhile, or it has ended
        return
    choice = work.sandbox.billing.after_retries
    if choice == "cancel":
        ending.cancel(work, subscription, {"reason": "payment_failed"})
    elif choice == "unpaid":
        events.change(work, "customer.subscription.updated", subscription, status="unpaid")
    elif choice == "pause":
        pausing.pause(work, subscription, "final_payment_failure")
