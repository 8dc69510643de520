"""`python -m sandbox`: run a local Stripe on this machine's loopback."""

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from sandbox.app import create_app
from sandbox.core import Sandbox
from sandbox.settings import AFTER_RETRIES, KNOWN_METHODS, Billing, Settings, known_methods

HOST = "127.0.0.1"


def main() -> None:
    """Serve until interrupted."""
    given = _parser().parse_args()
    if bool(given.webhook_url) != bool(given.webhook_secret):
        sys.exit("Give --webhook-url and --webhook-secret together, or neither.")
    settings = Settings(
        database=given.database,
        base_url=(given.base_url or f"http://{HOST}:{given.port}").rstrip("/"),
        methods=given.methods,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
        record=given.record,
        billing=Billing(given.retries, given.after_retries),
    )
    app = create_app(Sandbox(settings))
    sys.stdout.write(f"Sandbox: {settings.base_url} (state in {settings.database})\n")
    sys.stdout.flush()
    uvicorn.run(app, host=HOST, port=given.port, log_level="warning", date_header=False, timeout_graceful_shutdown=3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local Stripe. No real money.")
    parser.add_argument("--port", type=int, default=8001, help="port on 127.0.0.1 (8001)")
    parser.add_argument("--database", type=Path, default=Path("var/sandbox.db"), help="file that keeps the state")
    parser.add_argument("--base-url", help="address that browsers reach it under, if another")
    parser.add_argument("--webhook-url", help="send every event there")
    parser.add_argument("--webhook-secret", help="and sign it with this secret (whsec_...)")
    parser.add_argument("--record", type=Path, help="append every API exchange to this file, a JSON line each")
    parser.add_argument(
        "--methods",
        type=_methods,
        default=os.environ.get("SANDBOX_METHODS", ",".join(KNOWN_METHODS)),
        help="payment method types that are switched on (SANDBOX_METHODS; card,amazon_pay)",
    )
    usual = Billing()
    parser.add_argument(
        "--retries",
        type=_days,
        default=usual.retries,
        help=f"days from each failed payment to the next try ({','.join(map(str, usual.retries))})",
    )
    parser.add_argument(
        "--after-retries",
        choices=AFTER_RETRIES,
        default=usual.after_retries,
        help=f"what becomes of a subscription when the last try has failed ({usual.after_retries})",
    )
    return parser


def _days(numbers: str) -> tuple[int, ...]:
    try:
        return Billing(tuple(int(each) for each in numbers.split(",") if each.strip())).retries
    except ValueError as error:
        raise argparse.ArgumentTypeError("use days, each at least 1, such as 1,3,5") from error


def _methods(names: str) -> tuple[str, ...]:
    try:
        return known_methods([name.strip() for name in names.split(",") if name.strip()])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    main()
