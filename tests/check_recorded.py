"""`python -m tests.check_recorded FOLDER`: whether all that the sandbox answered in a run of the tests is Stripe's own.

Each test process records its exchanges into a file of the folder that ASSENT_RECORD_STRIPE names.
"""

import sys
import tempfile
from pathlib import Path

from tests.stripe_contract import SHARED, violations


def check(records: Path) -> int:
    """Prints what differs from the contract that the SDK is made from, and how many exchanges there were."""
    if not SHARED.exists():
        sys.stdout.write(f"Not checked against Stripe's contract: {SHARED} is not on this machine.\n")
        return 0
    files = sorted(records.glob("*.jsonl"))
    with tempfile.TemporaryDirectory() as scratch:
        together = Path(scratch) / "exchanges.jsonl"
        together.write_bytes(b"".join(file.read_bytes() for file in files))
        exchanges = len(together.read_bytes().splitlines())
        found = violations(together, Path(scratch))
    if not exchanges:
        sys.stdout.write(f"Nothing was recorded in {records}.\n")
        return 1
    sys.stdout.write(found + f"{exchanges} exchanges, {len(found.splitlines())} violations of Stripe's contract\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(check(Path(sys.argv[1])))
