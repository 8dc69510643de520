"""What happens because time passes."""

import asyncio
import logging

from sandbox.core import Sandbox
from sandbox.resources import file_links, refunds
from sandbox.resources.checkout_sessions import closing
from sandbox.resources.disputes import deciding
from sandbox.resources.subscriptions import ending
from sandbox.work import Work

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks."""


async def keep_up(sandbox: Sandbox) -> None:
    """Look again and again until canceled."""
    while True:
        await asyncio.sleep(PAUSE)
        try:
            await asyncio.to_thread(_look, sandbox)
        except Exception:  # the boundary of a background task: the next look tries again
            log.exception("Upkeep failed")


def catch_up(work: Work) -> None:
    """Do everything that is due by now."""
    closing.close_overdue(work)
    ending.expire_overdue(work)
    ending.cancel_overdue(work)
    refunds.settle_due(work)
    deciding.lose_overdue(work)
    file_links.expire_due(work)


def move(sandbox: Sandbox, to: float) -> None:
    """Move the sandbox's own clock forward to this second, and do everything that falls due until then.

    Raises ValueError for a time that has passed.
    """
    if to < sandbox.clock.now():
        raise ValueError("The clock moves forward only.")
    sandbox.clock.ahead = to - sandbox.clock.machine()
    sandbox.database.keep("ahead", str(sandbox.clock.ahead))
    _look(sandbox)


def _look(sandbox: Sandbox) -> None:
    with sandbox.work() as work:
        catch_up(work)
