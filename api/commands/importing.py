"""`assent import`: take in a Stripe account that was there before Assent."""

import asyncio
from typing import Annotated

import typer

from api.commands.walking import carry_out
from billing.recovery import Outcome, first_import

# What was added is what an import is for; who it is about stands in the database.
TELLS = frozenset({Outcome.FAILED})

Key = Annotated[
    str | None,
    typer.Option("--external-id-key", metavar="KEY", help="The key of customers' metadata that holds your own id."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line: each that needs a look, the report last.")]
Restart = Annotated[bool, typer.Option("--restart", help="Give up an unfinished run, and begin anew.")]


def import_account(external_id_key: Key = None, as_json: Json = False, restart: Restart = False) -> None:
    """Take in the customers of the Stripe account and all that is theirs, and the catalogue.

    A customer's externalId is the value of the metadata key, else the Stripe id. Where another customer has that value
    already, the one who comes later (Stripe lists the newest first) is taken in under the Stripe id and named here;
    run it again when the values are mended. Subscriptions are mirrored and left alone until they are adopted
    (adoptSubscription); nothing is changed at Stripe.

    Run it as often as you like: what is there is compared, not doubled. Events are applied meanwhile, and win where
    they are newer. Reads of Stripe are limited by STRIPE_CALLS_PER_SECOND: one call for a hundred objects, and one for
    each customer's saved methods. A run that was stopped or killed goes on where it was.

    Exit code 0: all is taken in. 1: somebody's externalId was taken, or something could not be learned. 2: it could
    not run to its end.
    """
    plan = first_import(external_id_key)
    report = asyncio.run(carry_out(plan, anew=restart, as_json=as_json, tells=TELLS))
    raise typer.Exit(1 if report.collisions or report.count(Outcome.FAILED) else 0)
