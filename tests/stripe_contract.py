"""Recorded exchanges against the contract that the pinned SDK implies."""

import os
import subprocess
import sys
from pathlib import Path

from tests.running_sandbox import ROOT

SHARED = Path(os.environ.get("ASSENT_SHARED", ROOT.parent / "shared"))
"""The folder that has the tools beside a checkout; a checkout alone has none."""


def violations(record: Path, folder: Path) -> str:
    """What the exchanges of a record do that Stripe's contract does not allow; empty if nothing.

    Also empty where the tools are not. `folder` takes the derived contract.
    """
    if not SHARED.exists() or not record.exists():
        return ""
    contract = folder / "contract.json"
    run("spec_from_stripe_python.py", "-o", str(contract)).check_returncode()
    checked = run("check_stripe_contract.py", str(contract), str(record), "--required-nullable")
    return "" if checked.returncode == 0 else checked.stdout + checked.stderr


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the tools, with what it printed."""
    command = [sys.executable, str(SHARED / "tools" / tool), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
