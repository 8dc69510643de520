"""`assent operations`: calls whose outcome at Stripe is unknown, and what a person decides about them."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from api.running import open_runtime
from billing import settling
from billing.errors import NotFound
from billing.money import Money
from billing.settings import StripeSettings, load
from billing.settling import Unsettled
from billing.tables import Operation, OperationStatus

app = typer.Typer(help="Calls whose outcome at Stripe is unknown.", no_args_is_help=True)

SETTLED = {
    OperationStatus.SUCCEEDED: "It was done at Stripe, and is recorded.",
    OperationStatus.FAILED: "It was refused at Stripe, and the refusal is recorded.",
    OperationStatus.RELEASED: "Stripe has nothing of it: its client may call again with the same idempotencyKey.",
}


@app.callback()
def operations() -> None:
    """Calls whose outcome at Stripe is unknown."""


@app.command("list")
def show() -> None:
    """List them, oldest first. What they would have charged counts against the consent until they are settled."""
    found = asyncio.run(_unsettled())
    for each in found:
        typer.echo(_line(each))
    if not found:
        typer.echo("The outcome of every operation is known.")


@app.command()
def settle(operation: Annotated[str, typer.Argument(help="Its id, from `assent operations list`.")]) -> None:
    """Look at Stripe again: record what is there, or, where there is nothing, let the client call again."""
    settled = asyncio.run(_settle(operation))
    typer.echo(SETTLED.get(OperationStatus(settled.status), f"It is {settled.status} now."))


async def _unsettled() -> list[Unsettled]:
    async with open_runtime(load(StripeSettings)) as runtime:
        return await settling.unsettled(runtime)


async def _settle(text: str) -> Operation:
    try:
        operation_id = UUID(text)
    except ValueError:
        raise NotFound(f"{text} is no operation's id; `assent operations list` shows them.") from None
    async with open_runtime(load(StripeSettings)) as runtime:
        return await settling.settle(runtime, operation_id)


def _line(unsettled: Unsettled) -> str:
    operation, intent = unsettled.operation, unsettled.operation.intent
    known = intent.get("amount") and intent.get("currency")
    amount = f" {Money(intent['amount'], intent['currency'])}" if known else ""
    whose = f" of {unsettled.external_id}" if unsettled.external_id else ""
    sent = f"sent {operation.first_sent_at or operation.created_at:%Y-%m-%d %H:%M:%S} UTC by {operation.actor}"
    return f"{operation.id}  {operation.mutation}{amount}{whose}, {sent}"
