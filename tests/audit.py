"""`python -m tests.audit LOCK...`: whether anything that is locked has a known vulnerability.

One request to OSV (https://google.github.io/osv.dev/post-v1-querybatch/), which `OSV_URL` may name another place for.
Exit code 1 where something is found, or what came back is no answer; 0 where nothing is, and where nobody answers:
then nothing was checked, and it is said loudly.
"""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

SERVICE = "https://api.osv.dev"
PINNED = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.MULTILINE)
# Seconds, for connecting and for the whole answer: a build does not wait for what may never come.
PATIENCE = 5.0
AWAY = (httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT)


class Unreachable(Exception):
    """Nobody was asked; the message is why."""


def pinned(locks: Iterable[Path]) -> list[tuple[str, str]]:
    """Each package with its version, once."""
    return sorted({each for lock in locks for each in PINNED.findall(lock.read_text())})


def ask(service: str, packages: list[tuple[str, str]]) -> list[str]:
    """A line for each vulnerability. Raises Unreachable; httpx.HTTPStatusError and ValueError for a strange answer."""
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in packages]
    try:
        answer = httpx.post(f"{service}/v1/querybatch", json={"queries": queries}, timeout=PATIENCE)
    except httpx.TransportError as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if answer.status_code in AWAY or answer.has_redirect_location:
        raise Unreachable(f"it answered {answer.status_code}")
    results: list[dict[str, Any]] = answer.raise_for_status().json()["results"]
    if len(results) != len(packages):
        raise ValueError(f"{len(packages)} packages were asked for, and {len(results)} answered")
    return [
        f"{name} {version}: {each['id']}"
        for (name, version), result in zip(packages, results, strict=True)
        for each in result.get("vulns", ())
    ]


def audit(locks: list[Path]) -> int:
    """Prints what is found; the exit code."""
    service, packages = os.environ.get("OSV_URL", SERVICE), pinned(locks)
    try:
        found = ask(service, packages)
    except Unreachable as reason:
        sys.stdout.write(f"### NOT AUDITED: {len(packages)} packages; {service} does not answer ({reason}) ###\n")
        return 0
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        sys.stdout.write(f"The audit failed: {service} gave no answer that can be read: {error}\n")
        return 1
    sys.stdout.write("".join(f"VULNERABLE {line}\n" for line in found))
    sys.stdout.write(f"{len(packages)} packages audited, {len(found)} known vulnerabilities\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(audit([Path(each) for each in sys.argv[1:]]))
