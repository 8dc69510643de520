"""Moving time forward: from one moment at which something happens to the next."""

import logging
from math import inf

from sandbox import events
from sandbox.core import Sandbox
from sandbox.engine import running
from sandbox.work import TEST_CLOCK

log = logging.getLogger(__name__)


def catch_up(sandbox: Sandbox) -> None:
    """Do everything that has become due because time passed by itself, and move the test clocks that are to move."""
    running.run(sandbox, sandbox.clock.now())
    if _clocks_to_move(sandbox) and sandbox.moving.acquire(blocking=False):
        try:
            for clock in _clocks_to_move(sandbox):
                _move_clock(sandbox, clock)
        finally:
            sandbox.moving.release()


def move(sandbox: Sandbox, to: float) -> None:
    """Move the sandbox's own clock to this moment, and let everything that falls due until then happen.

    Time stands still at each moment until its work is done. Raises ValueError for a time that has passed.
    """
    with sandbox.moving:
        start = now = sandbox.clock.exact()
        if to < int(start):
            raise ValueError("The clock moves forward only.")
        sandbox.hold(start)
        try:
            while now < to:
                now = min(_next_moment(sandbox, now), to)
                sandbox.hold(now)
                _work_off(sandbox, int(now), None)
        finally:
            sandbox.clock.release()


def _work_off(sandbox: Sandbox, now: int, clock: str | None) -> None:
    """Do what is due; before time goes on, the endpoints hear of new drafts, if they listen."""
    running.run(sandbox, now, clock)
    sandbox.until_tried()


def _next_moment(sandbox: Sandbox, now: float) -> float:
    """When something is due, or a delivery that a draft waits for is to be tried again."""
    with sandbox.database.transaction() as connection:
        due = running.next_due(connection, None)
        retry = connection.execute(
            "SELECT min(due) FROM deliveries WHERE draft IS NOT NULL AND due > ?", (now,)
        ).fetchone()[0]
    return max(now, min(inf if due is None else due, inf if retry is None else retry))


def _clocks_to_move(sandbox: Sandbox) -> list[str]:
    with sandbox.work() as work:
        return [clock["id"] for clock in work.select(TEST_CLOCK, {"status": "advancing"})]


def _move_clock(sandbox: Sandbox, clock: str) -> None:
    """Move a test clock to where it is to be."""
    try:
        while _step_clock(sandbox, clock):
            pass
    except Exception:  # as at Stripe: a clock whose customers cannot be played on is not moved any more
        log.exception("Test clock %s failed", clock)
        _conclude(sandbox, clock, "internal_failure")
    else:
        _conclude(sandbox, clock, "ready")


def _step_clock(sandbox: Sandbox, id: str) -> bool:
    """Move it to the next moment at which something happens; whether it has further to go.

    Events on a clock are dated by it, as the objects are: nothing public says otherwise, and a reader that orders an
    object's events by their `created` then finds the order in which they happened.
    """
    with sandbox.work() as work:
        clock = work.get(TEST_CLOCK, id)
        to = int(clock["status_details"]["advancing"]["target_frozen_time"])
        due = running.next_due(work.connection, id)
        now = to if due is None else min(max(due, clock["frozen_time"]), to)
        clock["frozen_time"] = now
        work.save(clock)
    _work_off(sandbox, now, id)
    return now < to


def _conclude(sandbox: Sandbox, id: str, status: str) -> None:
    with sandbox.work() as work:
        clock = work.get(TEST_CLOCK, id)
        clock.update(status=status, status_details={})
        events.emit(work, f"test_helpers.test_clock.{status}", work.save(clock))
