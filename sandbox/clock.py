"""The sandbox's one source of time."""

import time


class Clock:
    """Tells the time to everything in the sandbox: the machine's, and as many seconds more as it was moved ahead.

    It can be held at a moment, so that nothing is late however long the work of that moment takes.
    """

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead
        self._held: float | None = None

    def now(self) -> int:
        """Seconds since 1970, UTC."""
        return int(self.exact())

    def exact(self) -> float:
        """The same with its fraction, for delays shorter than a second."""
        return self.machine() + self.ahead if self._held is None else self._held

    def hold(self, moment: float) -> None:
        """Stand still at this moment."""
        self._held = moment
        self.ahead = moment - self.machine()

    def release(self) -> None:
        """Go on from the moment that it was held at."""
        if self._held is not None:
            self.ahead = self._held - self.machine()
            self._held = None

    def machine(self) -> float:
        """The time outside of the sandbox, by which others check the age of a signature."""
        return time.time()
