"""The sandbox as a value: its settings, its time, its state, and the way to change it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.clock import Clock
from sandbox.database import Database
from sandbox.settings import Settings
from sandbox.weather import Weather
from sandbox.work import Caller, Work


class Sandbox:
    """One account of a local Stripe."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.methods = settings.methods
        self.billing = settings.billing
        self.database = Database(settings.database)
        self.clock = clock or Clock(float(self.database.recall("ahead", "0")))
        self.running_keys: set[str] = set()
        self.running_keys_turn = threading.Lock()
        self.weather = Weather()
        self.on_queued: Callable[[], None] = lambda: None
        self.until_tried: Callable[[], None] = lambda: None
        """Returns when no delivery that a draft waits for is due; the courier sets it while it runs."""
        self.moving = threading.Lock()
        """Held by whoever moves the sandbox's own clock."""

    def hold(self, moment: float) -> None:
        """Stand still at this moment, also for a process that starts after this one was killed."""
        self.clock.hold(moment)
        self.database.keep("ahead", str(self.clock.ahead))

    @contextmanager
    def work(self, caller: Caller | None = None, clock: str | None = None) -> Iterator[Work]:
        """One transaction; its events are on their way when it has been committed."""
        with self.database.transaction() as connection:
            work = Work(self, connection, caller or Caller(), clock)
            yield work
        if work.queued:
            self.on_queued()

    def url(self, path: str) -> str:
        """An address on this sandbox, for a browser."""
        return self.settings.base_url + path
