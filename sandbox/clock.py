"""The sandbox's one source of time."""

import time


class Clock:
    """Tells the time to everything in the sandbox: the machine's, and as many seconds more as it was moved ahead."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def now(self) -> int:
        """Seconds since 1970, UTC."""
        return int(self.exact())

    def exact(self) -> float:
        """The same with its fraction, for delays shorter than a second."""
        return self.machine() + self.ahead

    def machine(self) -> float:
        """The time outside of the sandbox, by which others check the age of a signature."""
        return time.time()
