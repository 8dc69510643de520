"""Moving time forward: from one moment at which something happens to the next."""

from math import inf

from sandbox.core import Sandbox
from sandbox.engine import running


def catch_up(sandbox: Sandbox) -> None:
    """Do everything that has become due because time passed by itself."""
    running.run(sandbox, sandbox.clock.now())


def move(sandbox: Sandbox, to: float) -> None:
    """Move the sandbox's own clock to this moment, and let everything that falls due until then happen.

    Time stands still at each moment until its work is done. Raises ValueError for a time that has passed.
    """
    with sandbox.moving:
        start = sandbox.clock.exact()
        if to < int(start):
            raise ValueError("The clock moves forward only.")
        sandbox.hold(start)
        try:
            _go(sandbox, start, max(to, start))
        finally:
            sandbox.clock.release()


def _go(sandbox: Sandbox, now: float, to: float) -> None:
    """From moment to moment; at each, drafts hear from their endpoints before time goes on."""
    while now < to:
        now = min(_next_moment(sandbox, now), to)
        sandbox.hold(now)
        running.run(sandbox, int(now))
        sandbox.until_tried()


def _next_moment(sandbox: Sandbox, now: float) -> float:
    """When something is due, or a delivery that a draft waits for is to be tried again."""
    with sandbox.database.transaction() as connection:
        due = running.next_due(connection, None)
        retry = connection.execute(
            "SELECT min(due) FROM deliveries WHERE draft IS NOT NULL AND due > ?", (now,)
        ).fetchone()[0]
    return max(now, min(inf if due is None else due, inf if retry is None else retry))
