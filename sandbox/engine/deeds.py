"""What each entry of the agenda does when its moment has come."""

from collections.abc import Callable, Mapping

from sandbox.engine import renewals, trials
from sandbox.resources import file_links, refunds
from sandbox.resources.checkout_sessions import closing
from sandbox.resources.disputes import deciding
from sandbox.resources.invoices import collecting
from sandbox.resources.subscriptions import canceling, ending, pausing, pending_updates, resuming
from sandbox.resources.test_clocks import clocks
from sandbox.work import Object, Work

DEEDS: Mapping[tuple[str, str], Callable[[Work, Object], object]] = {
    ("checkout.session", "expire"): closing.close,
    ("dispute", "lose"): deciding.lose_unanswered,
    ("file_link", "expire"): file_links.expire,
    ("invoice", "finalize"): collecting.advance,
    ("invoice", "collect"): collecting.retry,
    ("refund", "conclude"): refunds.conclude,
    ("sandbox.resumption", "lapse"): resuming.lapse,
    ("subscription", "give_up"): ending.give_up,
    ("subscription", "cancel"): canceling.end,
    ("subscription", "drop_update"): pending_updates.expire,
    ("subscription", "collect_again"): pausing.collect_again,
    ("subscription", "end_trial"): trials.end,
    ("subscription", "renew"): renewals.renew,
    ("subscription", "remind_of_trial_end"): trials.remind,
    ("subscription", "announce_renewal"): renewals.announce,
    ("test_helpers.test_clock", "delete"): clocks.delete,
}
"""By kind of object and name in `agenda.AGENDA`."""
