"""How much of the processor a process has used; nothing where the system does not tell."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Of /proc/PID/stat, behind the name: its parent, and its ticks and those of the children that it has waited for.
PARENT, OWN, CHILDREN = 1, slice(11, 13), slice(13, 15)


def used(pid: int | None) -> float:
    """Seconds of a process."""
    return sum(map(int, _stat(str(pid))[OWN])) / TICKS


def used_by_family(pid: int) -> float:
    """Seconds of a process and of its children, also of those that are no more."""
    alive = [stat for file in Path("/proc").glob("[0-9]*") if (stat := _stat(file.name)) and stat[PARENT] == str(pid)]
    own = _stat(str(pid))
    return sum(sum(map(int, each[OWN])) for each in (own, *alive)) / TICKS + sum(map(int, own[CHILDREN])) / TICKS


def _stat(pid: str) -> list[str]:
    try:
        return (Path("/proc") / pid / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
