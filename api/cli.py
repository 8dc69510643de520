"""`assent`, the command line."""

import asyncio
import logging
import runpy
import sys
from typing import Annotated

import typer
import uvloop

from api import first_run, logs, serving
from api import sandbox as sandbox_process
from api.commands import consents, documents, keys, operations
from api.commands.doctor import doctor
from api.commands.importing import import_account
from api.commands.reconcile import reconcile
from api.running import open_database
from billing.errors import BillingError
from billing.migrations import migrate as bring_up_to_date
from billing.settings import CannotStart, DatabaseSettings, load
from schema.build import sdl

HELP = """Consent-first subscription billing on Stripe, over GraphQL.

Settings are read from the environment and from .env; the README lists them.
Try it without any: assent serve --sandbox
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(keys.app, name="keys")
app.add_typer(consents.app, name="consents")
app.add_typer(documents.app, name="documents")
app.add_typer(operations.app, name="operations")
app.command()(doctor)
app.command()(reconcile)
app.command("import")(import_account)


@app.callback(help=HELP)
def say_only_what_was_asked() -> None:
    """Leaves a command's output to its answer, and a start's to what stops it; who runs on says more from then on."""
    logs.configure(in_development=False, level=logging.WARNING)


@app.command()
def serve(
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Play Stripe on this machine too; needs no settings, takes no real money.")
    ] = False,
) -> None:
    """Run the server, and, unless APPLIER is off, what applies Stripe's events."""
    uvloop.run(serving.serve_with_sandbox() if sandbox else serving.serve())


@app.command()
def sandbox() -> None:
    """Run the sandbox alone, on loopback at SANDBOX_PORT, without a server that it would deliver events to."""
    program, *sys.argv[1:] = sandbox_process.command(first_run.settings(), webhook=None)
    runpy.run_module(program, run_name="__main__", alter_sys=True)


@app.command()
def migrate() -> None:
    """Bring the database to this version's tables. Safe to repeat, and for several at once."""
    asyncio.run(_migrate())
    typer.echo("The database has this version's tables.")


@app.command()
def worker() -> None:
    """Apply Stripe's events and finish what crashes left behind, without a server; any number at once."""
    uvloop.run(serving.work())


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    typer.echo(sdl().rstrip("\n"))


async def _migrate() -> None:
    settings = load(DatabaseSettings)
    async with open_database(settings, migrated=False):
        await bring_up_to_date(settings.database_url.get_secret_value())


def main() -> None:
    """Runs what the arguments say. What a person can mend is one line on stderr, and exit code 2."""
    try:
        app()
    except (CannotStart, BillingError) as error:
        sys.stderr.write(f"assent: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
