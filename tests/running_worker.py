"""`assent worker` as tests run it: in a process of its own, killed, stopped in its tracks, and let go on."""

import os
import signal
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.running_assent import FORKS, PATIENCE, settle_in
from tests.running_sandbox import until


class RunningWorker:
    """`with RunningWorker(folder, settings) as worker`: `assent worker`, ready to work."""

    def __init__(self, folder: Path, settings: dict[str, str], name: str = "worker") -> None:
        self._settings, self._log = settings, folder / f"{name}.log"
        self._process: BaseProcess | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.go_on()
        self._end(signal.SIGTERM)

    @property
    def log(self) -> str:
        """All that it wrote."""
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Run the command until it says that it works."""
        self._process = FORKS.Process(target=_work, args=(self._settings, self._log), daemon=True)
        self._process.start()
        for _ in until(PATIENCE):
            if '"working"' in self.log:
                return
            if not self._process.is_alive():
                break
        raise RuntimeError(f"The worker did not start:\n{self.log}")

    def kill(self) -> None:
        """End it without a chance to put anything in order."""
        self._end(signal.SIGKILL)

    def stand_still(self) -> None:
        """As a machine that is paused, or swaps."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `stand_still`."""
        self._send(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        self._send(how)
        if self._process is not None:
            self._process.join(PATIENCE)

    def _send(self, what: signal.Signals) -> None:
        if self._process is not None and self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, what)


def _work(settings: dict[str, str], log: Path) -> None:
    """In the new process: become `assent worker`, in a folder without anybody's .env."""
    from api.cli import main  # noqa: PLC0415 - in the processes of the workers alone

    settle_in(settings, log)
    sys.argv = ["assent", "worker"]
    main()
