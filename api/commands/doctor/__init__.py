"""`assent doctor`: what keeps this installation from working, and how each is mended."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Annotated

import typer

from api.commands.doctor import account, databases, endpoint, secrets
from api.commands.doctor.finding import Finding, Level, failure, warning
from api.running import open_database, open_gateway
from api.version import VERSION
from billing import installation
from billing.errors import BillingError
from billing.settings import CannotStart, Settings, load
from billing.stripe_gateway import API_VERSION, StripeGateway
from billing.tables import Installation

HELP_FIX = "Add the events that the webhook endpoint lacks, and ask for Amazon Pay where it is inactive; nothing else."


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help=HELP_FIX)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at settings, database, clock, key, account, webhook endpoint and Amazon Pay; exit code 1 on a failure."""
    found = asyncio.run(_examine(fix=fix, tell=not as_json))
    is_well = all(each.level is not Level.FAILURE for each in found)
    if as_json:
        told = {"ok": is_well, "version": VERSION, "stripe_api_version": API_VERSION}
        typer.echo(json.dumps({**told, "findings": [each.dump() for each in found]}))
    raise typer.Exit(0 if is_well else 1)


async def _examine(*, fix: bool, tell: bool) -> list[Finding]:
    found = []
    async for each in findings(fix=fix):
        found.append(each)
        if tell:
            typer.echo(str(each))
    return found


async def findings(*, fix: bool) -> AsyncIterator[Finding]:
    """One after the other; what cannot be looked at because of an earlier one is left out."""
    try:
        settings = load(Settings)
    except CannotStart as problem:
        yield failure("settings", "settings", str(problem))
        return
    yield Finding("settings", "settings")
    for each in secrets.findings(settings):
        yield each
    stamp = None
    try:
        async with open_database(settings, migrated=False) as database:
            async for each in databases.findings(settings, database):
                yield each
                if each.level is Level.FAILURE and each.check == databases.TABLES:
                    break
            else:
                async with database.read() as session:
                    stamp = await installation.find(session)
    except CannotStart as problem:
        yield failure("database", "database", str(problem))
    try:
        async with open_gateway(settings) as gateway:
            async for each in _at_stripe(gateway, settings, stamp, fix=fix):
                yield each
    except (CannotStart, BillingError) as problem:
        yield failure("stripe", "Stripe", str(problem))


async def _at_stripe(
    gateway: StripeGateway, settings: Settings, stamp: Installation | None, *, fix: bool
) -> AsyncIterator[Finding]:
    """Each by itself: a restricted key may be allowed to read one thing and not another."""
    before = time.time()
    answer = await gateway.get("/v1/account")
    yield account.clock(before, answer.known_until, time.time())
    yield account.ownership(answer.data, settings, stamp)
    looks: dict[str, Awaitable[Iterable[Finding]]] = {
        "key": account.key(gateway, settings),
        "amazon_pay": account.amazon_pay(gateway, answer.data, fix=fix),
        "payment_methods": account.payment_methods(gateway),
        "endpoint": endpoint.endpoint(gateway, settings, fix=fix),
        "portal": endpoint.portal(gateway),
    }
    for check, look in looks.items():
        try:
            for each in await look:
                yield each
        except BillingError as problem:
            what = check.replace("_", " ")
            yield warning(check, f"{what} could not be looked at", f"Stripe says: {problem.message}")
