"""`assent reconcile`: compare everything that is known of Stripe with Stripe, and repair it."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.commands.walking import carry_out
from billing.recovery import Outcome, reconciliation

TELLS = frozenset({Outcome.DIFFERED, Outcome.ADDED, Outcome.GONE, Outcome.FAILED})

Kinds = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KIND", help="Only this kind of object, in Stripe's word, as invoice; repeatable."),
]
Since = Annotated[
    datetime | None,
    typer.Option(help="Only objects made then or later, UTC.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what differs, and repair nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line: each that differs, the report last.")]
Restart = Annotated[bool, typer.Option("--restart", help="Give up an unfinished run, and begin anew.")]


def reconcile(
    only: Kinds = None, since: Since = None, dry_run: DryRun = False, as_json: Json = False, restart: Restart = False
) -> None:
    """Compare every object at Stripe with what is known of it, repair what differs, and report it.

    Finds what is missing here, what differs, and what Stripe no longer has. What is repaired is learned by the same
    rules as events: renewals' drafts are held to their consents. Safe while servers and workers run.

    Reads of Stripe are limited by STRIPE_CALLS_PER_SECOND; customers' saved methods take one call a customer, the rest
    one for a hundred objects. A run that was stopped or killed goes on where it was.

    Exit code 0: nothing differed. 1: something did, or could not be learned. 2: it could not run to its end.
    """
    plan = reconciliation(only or [], since and since.replace(tzinfo=UTC), dry_run=dry_run)
    report = asyncio.run(carry_out(plan, anew=restart, as_json=as_json, tells=TELLS))
    raise typer.Exit(1 if report.count(*TELLS) else 0)
