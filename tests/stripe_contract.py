"""Recorded exchanges against the contract that the pinned SDK implies."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.running_sandbox import ROOT

SHARED = Path(os.environ.get("ASSENT_SHARED", ROOT.parent / "shared"))
"""The folder that has the tools beside a checkout; a checkout alone has none."""
PLACEHOLDER = re.compile(r"\{\w+\}$")


def violations(record: Path, folder: Path) -> str:
    """What the exchanges of a record do that Stripe's contract does not allow; empty if nothing.

    The object in each event that was listed is held to it as well, as if it had been retrieved. Also empty where the
    tools are not. `folder` takes the derived contract.
    """
    if not SHARED.exists() or not record.exists():
        return ""
    contract = folder / "contract.json"
    run("spec_from_stripe_python.py", "-o", str(contract)).check_returncode()
    everything = folder / "everything.jsonl"
    lines = record.read_text().splitlines()
    retrievals = in_events(lines, set(json.loads(contract.read_text())["paths"]))
    everything.write_text("\n".join([*lines, *retrievals]))
    checked = run("check_stripe_contract.py", str(contract), str(everything), "--required-nullable")
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def in_events(lines: list[str], paths: set[str]) -> Iterator[str]:
    """An exchange for the object of each event in these exchanges, where such an object can be retrieved."""
    retrievable = {PLACEHOLDER.sub("", path) for path in paths if path.endswith("}") and path.count("{") == 1}
    seen = set()
    for line in lines:
        if '"/v1/events"' not in line:
            continue
        for event in json.loads(line)["response"].get("data", []):
            obj = event["data"]["object"]
            place = f"/v1/{obj['object'].replace('.', '/')}s/"
            if event["id"] in seen or place not in retrievable or "id" not in obj:
                continue
            seen.add(event["id"])
            answer = {"method": "GET", "path": place + obj["id"], "params": [], "status": 200, "response": obj}
            yield json.dumps(answer)


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the tools, with what it printed."""
    command = [sys.executable, str(SHARED / "tools" / tool), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
