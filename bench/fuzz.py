"""Sends 200 generated documents for every field of the root as every kind of caller, to a server on each database.

Ends with 1 where one of them meets a fault of the server's own. `make test` does the same with a few.
"""

import asyncio
import sys

from bench.measuring import running_databases
from billing.migrations import migrate
from tests.fuzzing import collect, target
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox

EXAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 200


def main() -> None:
    """Prints each fault with its document, and how many were sent."""
    found = 0
    with running_databases() as (folder, urls), RunningSandbox(folder) as stripe:
        for name, url in urls.items():
            asyncio.run(migrate(url))
            with RunningAssent(folder, url, stripe.base_url) as assent, target(assent) as aim:
                found += len(collect(aim, EXAMPLES, print))
                print(f"{name}: {aim.sent} documents sent, {len(aim.faults)} fields with faults")
    sys.exit(found > 0)


if __name__ == "__main__":
    main()
