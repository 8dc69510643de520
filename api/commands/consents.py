"""`assent consents`: prove the ledgers of consent."""

import asyncio
import sys

import typer

from api.running import open_runtime
from billing.consents import verifying
from billing.settings import StripeSettings, load

app = typer.Typer(help="The ledgers of consent.", no_args_is_help=True)


@app.callback()
def consents() -> None:
    """The ledgers of consent."""


@app.command()
def verify() -> None:
    """Check every chain, and every digest that was given to Stripe; name what was tampered with, and exit with 1."""
    found = asyncio.run(_verify())
    if found:
        typer.echo(f"{found} found.")
        raise typer.Exit(1)
    typer.echo("Every record is as it was written.")


async def _verify() -> int:
    """How much is not as it was recorded; each is a line of standard output."""
    found = 0
    with typer.progressbar(length=1, label="Customers", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        async with open_runtime(load(StripeSettings)) as runtime:
            async for finding in verifying.verify_all(runtime, show):
                found += 1
                typer.echo(
                    f"customer {finding.external_id} (customer_{finding.customer_id}), "
                    f"consent_{finding.consent_id}: {finding.what}"
                )
    return found
