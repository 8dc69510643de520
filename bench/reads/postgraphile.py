"""PostGraphile 5, asked the same in the words that it makes of Assent's tables, and how its answers are compared.

It is fetched by npm at the first run, with the Node 22 that it needs, and kept in `var/`. Nobody is asked for a key.
"""

import hashlib
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "bench" / "postgraphile"
INSTALLED = ROOT / "var" / "postgraphile"
FILES = ("package.json", "package-lock.json", "server.js")
PATIENCE = 900.0  # seconds for npm

NEWEST = "orderBy: [CREATED_AT_DESC, ROW_ID_DESC]"
FIELDS = f"""
    rowId externalId email name
    paymentMethodsByCustomerId(first: 20, {NEWEST}) {{ edges {{ node {{
      rowId stripeId createdAt brand last4 expMonth expYear
    }} }} }}
    paidSubscriptionsByCustomerId(first: 20, {NEWEST}) {{ edges {{ node {{
      rowId status cancelAtPeriodEnd currentPeriodStart currentPeriodEnd
    }} }} }}
    invoicesByCustomerId(first: 5, {NEWEST}) {{ edges {{ node {{ rowId number status total currency createdAt }} }} }}
"""
ONE = "query One($id: UUID!) { customerByRowId(rowId: $id) {" + FIELDS + "} }"
LIST = f"query List {{ allCustomers(first: 20, {NEWEST}) {{ edges {{ node {{ {FIELDS} }} }} }} }}"


class Unavailable(Exception):
    """It cannot be run here, for this reason."""


def install() -> list[str | Path]:
    """The command that serves it. Raises Unavailable where npm, Node 22 or a package cannot be had."""
    version = hashlib.sha256(b"".join((SOURCE / each).read_bytes() for each in FILES)).hexdigest()
    complete = INSTALLED / "complete"
    if not complete.exists() or complete.read_text() != version:
        _fetch()
        complete.write_text(version)
    nodes = sorted(INSTALLED.glob("node_modules/node-*/bin/node"))
    if not nodes:
        raise Unavailable("npm has no Node 22 for this machine")
    return [nodes[0], INSTALLED / "server.js"]


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("there is no npm")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for each in FILES:
        shutil.copy(SOURCE / each, INSTALLED)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=INSTALLED, check=True, capture_output=True, timeout=PATIENCE)
    except (subprocess.SubprocessError, OSError) as error:
        told = (getattr(error, "stderr", None) or b"").decode().strip() or str(error)
        raise Unavailable(told.splitlines()[0]) from error


def in_our_words(data: dict[str, Any]) -> dict[str, Any]:
    """Its answer as Assent gives it."""
    if "allCustomers" in data:
        return {"customers": _connection(data["allCustomers"], _customer)}
    return {"customer": _customer(data["customerByRowId"])}


def _connection(given: dict[str, Any], node: Any) -> dict[str, Any]:
    return {"edges": [{"node": node(each["node"])} for each in given["edges"]]}


def _customer(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"customer_{given['rowId']}",
        "externalId": given["externalId"],
        "email": given["email"],
        "name": given["name"],
        "paymentMethods": _connection(given["paymentMethodsByCustomerId"], _method),
        "subscriptions": _connection(given["paidSubscriptionsByCustomerId"], _subscription),
        "invoices": _connection(given["invoicesByCustomerId"], _invoice),
    }


def _method(given: dict[str, Any]) -> dict[str, Any]:
    same = {name: given[name] for name in ("stripeId", "brand", "last4", "expMonth", "expYear")}
    return {"id": f"payment_method_{given['rowId']}", "createdAt": _instant(given["createdAt"]), **same}


def _subscription(given: dict[str, Any]) -> dict[str, Any]:
    period = {"start": _instant(given["currentPeriodStart"]), "end": _instant(given["currentPeriodEnd"])}
    return {
        "id": f"subscription_{given['rowId']}",
        "status": given["status"].upper(),
        "cancelAtPeriodEnd": given["cancelAtPeriodEnd"],
        "currentPeriod": period,
    }


def _invoice(given: dict[str, Any]) -> dict[str, Any]:
    total = int(given["total"])
    return {
        "id": f"invoice_{given['rowId']}",
        "number": given["number"],
        "status": given["status"].upper(),
        "total": {"amount": f"{total // 100}.{total % 100:02}", "currency": given["currency"]},
        "createdAt": _instant(given["createdAt"]),
    }


def _instant(given: str | None) -> str | None:
    return given and f"{datetime.fromisoformat(given).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
