"""The sandbox's one source of time."""

import time


class Clock:
    """Tells the time to everything in the sandbox; nothing else looks at the machine's clock."""

    def now(self) -> int:
        """Seconds since 1970, UTC."""
        return int(self.exact())

    def exact(self) -> float:
        """The same with its fraction, for delays shorter than a second."""
        return time.time()
