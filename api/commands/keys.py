"""`assent keys`: make, list and revoke the merchant's API keys."""

import asyncio
from typing import Annotated

import typer

from api.running import open_database, open_signals
from billing import keys
from billing.runtime import utc_now
from billing.settings import DatabaseSettings, load
from billing.tables import KeyScope

app = typer.Typer(help="The merchant's API keys.", no_args_is_help=True)

Name = Annotated[str, typer.Option(help="What the key is called in every record of what it did; unique.")]
Scope = Annotated[KeyScope, typer.Option(help="read: queries; write: mutations too; admin: terms and replays too.")]


@app.command()
def create(scope: Scope, name: Name = "") -> None:
    """Make a key and show it, this once, as the last line."""
    typer.echo(asyncio.run(_create(name, scope)))


@app.command("list")
def list_all() -> None:
    """Every key, without its text, which nobody has any more."""
    for line in asyncio.run(_list()):
        typer.echo(line)


@app.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """End a key now: requests with it are refused, its sockets close. Its name stays taken."""
    asyncio.run(_revoke(name))
    typer.echo(f"{name} is revoked.")


async def _create(name: str, scope: KeyScope) -> str:
    settings = load(DatabaseSettings)
    now = utc_now()
    async with open_database(settings) as database, database.transaction() as session:
        given = name or f"{scope}-{now:%Y%m%d-%H%M%S-%f}"
        _, text = await keys.create(session, given, scope, now, environment=settings.assent_env)
    return text


async def _list() -> list[str]:
    async with open_database(load(DatabaseSettings)) as database, database.read() as session:
        found = await keys.list_all(session)
    width = max((len(key.name) for key in found), default=0)
    return [
        f"{key.name:{width}}  {key.scope:5}  created {key.created_at:%Y-%m-%d %H:%M}"
        + (f"  revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else "")
        for key in found
    ]


async def _revoke(name: str) -> None:
    settings = load(DatabaseSettings)
    async with (
        open_database(settings) as database,
        open_signals(settings, database) as signals,
        database.transaction() as session,
    ):
        await keys.revoke(session, signals, name, utc_now())
