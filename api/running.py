"""What a process of Assent consists of: opened with every check of the start, closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from billing import installation, operations
from billing.checks import check_migrated, check_reachable
from billing.database import Database
from billing.errors import BillingError, StripeRejected
from billing.procedures import PROCEDURES
from billing.runtime import Runtime, utc_now
from billing.settings import STRIPE_BASE, CannotStart, DatabaseSettings, StripeSettings
from billing.stripe_gateway import StripeGateway

log = structlog.get_logger()

# Seconds between two looks for operations that a crash left behind.
SWEEP_EVERY = 5.0


@asynccontextmanager
async def open_database(settings: DatabaseSettings, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The database. Raises CannotStart where it does not answer, or, if asked, is not migrated."""
    database = Database(settings.database_url.get_secret_value(), statement_timeout=settings.statement_timeout)
    try:
        await check_reachable(database)
        if migrated:
            await check_migrated(database)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_gateway(settings: StripeSettings) -> AsyncIterator[StripeGateway]:
    """Stripe, with a key that it has just accepted. Raises CannotStart."""
    base = settings.stripe_api_base and settings.stripe_api_base.rstrip("/")
    gateway = StripeGateway(settings.stripe_api_key.get_secret_value(), account="", base=base)
    try:
        gateway.account = await _account(gateway, base or STRIPE_BASE)
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def open_runtime(settings: StripeSettings) -> AsyncIterator[Runtime]:
    """All of it. Raises CannotStart."""
    async with open_database(settings) as database, open_gateway(settings) as gateway:
        async with database.transaction() as session:
            await installation.claim(session, gateway.account, utc_now(), livemode=settings.livemode)
        yield Runtime(database, gateway, settings.allows_redirect, settings.automatic_tax)


async def _account(gateway: StripeGateway, base: str) -> str:
    try:
        return await installation.account(gateway)
    except StripeRejected as error:
        raise CannotStart(f"STRIPE_API_KEY: {base} refused the key: {error.message}") from None
    except BillingError:
        raise CannotStart(f"STRIPE_API_BASE: {base} does not answer; is this machine online?") from None


async def sweep_forever(runtime: Runtime) -> None:
    """Finishes what crashes left behind, again and again."""
    while True:
        await operations.sweep(runtime, PROCEDURES)
        await asyncio.sleep(SWEEP_EVERY)


@asynccontextmanager
async def in_background(*jobs: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Runs each job beside the caller. One that fails is logged and begun again; all are canceled at the end."""
    tasks = [asyncio.create_task(_keep_running(job)) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_running(job: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await job()
        except Exception:
            log.exception("background job failed; it begins again")
        await asyncio.sleep(1)
