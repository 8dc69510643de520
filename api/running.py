"""What a process of Assent consists of: opened with every check of the start, closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from billing import installation, operations
from billing.applier import run_applier, stop_expired, sweep_drafts
from billing.budget import Budget
from billing.checks import check_migrated, check_reachable
from billing.database import Database
from billing.errors import BillingError, StripeRejected
from billing.journal import Cause, caused_by
from billing.journal.pruning import prune as prune_journal
from billing.notifications import listening
from billing.procedures import PROCEDURES
from billing.recovery import sweep_events, walks
from billing.runtime import Runtime, utc_now
from billing.settings import STRIPE_BASE, CannotStart, DatabaseSettings, LiveTransport, StripeSettings
from billing.signals import Signals
from billing.stripe_gateway import StripeGateway
from billing.tables import Installation

log = structlog.get_logger()

# Seconds between two looks of a process for what a crash left behind.
SWEEP_EVERY = 5.0
# Seconds between two looks for drafts at Stripe that nobody told us of, by whichever process.
SWEEP_DRAFTS_EVERY = 300.0
# Seconds between two looks for what is older than the journal is kept.
PRUNE_EVERY = 600.0
# Seconds that a start waits for Stripe, where its account is known from before.
PATIENCE = 10.0
# Seconds for the applier to finish what it is at when the process ends.
GRACE = 10.0


@asynccontextmanager
async def open_database(settings: DatabaseSettings, *, migrated: bool = True) -> AsyncIterator[Database]:
    """The database. Raises CannotStart where it does not answer, or, if asked, is not migrated."""
    try:
        database = Database(settings.database_url.get_secret_value(), statement_timeout=settings.statement_timeout)
    except OSError as error:  # the folder of SQLite's file cannot be made
        raise CannotStart(f"DATABASE_URL: the file cannot be made: {error.strerror}.") from None
    try:
        await check_reachable(database)
        if migrated:
            await check_migrated(database)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_gateway(settings: StripeSettings, known: Installation | None = None) -> AsyncIterator[StripeGateway]:
    """Stripe, with a key that it has just accepted; or, while it does not answer, of the account that is `known`.

    Raises CannotStart.
    """
    base = settings.stripe_api_base and settings.stripe_api_base.rstrip("/")
    gateway = StripeGateway(settings.stripe_api_key.get_secret_value(), account="", base=base)
    try:
        await _introduce(gateway, base or STRIPE_BASE, known)
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def open_runtime(settings: StripeSettings) -> AsyncIterator[Runtime]:
    """All of it. Raises CannotStart."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        async with database.read() as session:
            known = await installation.find(session)
        gateway = await stack.enter_async_context(open_gateway(settings, known))
        async with database.transaction() as session:
            await installation.claim(
                session, gateway.account, utc_now(), livemode=settings.livemode, country=gateway.country
            )
        limits = settings.method_limits(gateway.country)
        async with open_signals(settings, database) as signals:
            yield Runtime(
                database,
                gateway,
                settings.allows_redirect,
                settings.automatic_tax,
                limits,
                settings.refund_outside_consent,
                Budget(settings.stripe_calls_per_second),
                timedelta(seconds=settings.sweep_events_every),
                journal_retention=settings.journal_kept,
                signals=signals,
            )


@asynccontextmanager
async def open_signals(settings: DatabaseSettings, database: Database) -> AsyncIterator[Signals]:
    """What processes tell each other by, as LIVE_TRANSPORT says; SQLite's own poll. Raises CannotStart."""
    notifies = database.dialect == "postgresql" and settings.live_transport is LiveTransport.NOTIFY
    signals = Signals(notifies=notifies)
    async with listening(database, signals) if notifies else nullcontext():
        yield signals


async def _introduce(gateway: StripeGateway, base: str, known: Installation | None) -> None:
    """A restart must not wait for Stripe: whose key it is, is asked before the first call then."""
    try:
        async with asyncio.timeout(PATIENCE if known else None):
            gateway.account, gateway.country = await installation.account(gateway)
    except StripeRejected as error:
        raise CannotStart(f"STRIPE_API_KEY: {base} refused the key: {error.message}") from None
    except (BillingError, TimeoutError):
        if known is None:
            raise CannotStart(f"STRIPE_API_BASE: {base} does not answer; is this machine online?") from None
        gateway.account, gateway.country, gateway.unconfirmed = known.stripe_account, known.country, True
        log.warning("stripe does not answer; its account is known from before", account=known.stripe_account)


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    """Applies Stripe's events and finishes what crashes left behind, beside the caller.

    At the end what is being applied is finished; nothing new is begun.
    """
    stop = asyncio.Event()
    sweeps = (
        _every(SWEEP_EVERY, "operations", _alone(runtime, "operations", SWEEP_EVERY / 2, _sweep_operations)),
        _every(SWEEP_EVERY, "consents", _alone(runtime, "consents", SWEEP_EVERY / 2, stop_expired)),
        _every(PRUNE_EVERY, "journal", partial(prune_journal, runtime)),
        _every(PRUNE_EVERY, "operations of long ago", partial(operations.prune, runtime)),
        _every(SWEEP_EVERY, "drafts", _alone(runtime, "drafts", SWEEP_DRAFTS_EVERY, sweep_drafts)),
        # Looks whether the sweep over Stripe's events is due; how often it is, a setting says.
        _every(min(SWEEP_EVERY, runtime.sweep_every.total_seconds()), "events", partial(sweep_events, runtime)),
    )
    async with AsyncExitStack() as stack:
        for each in sweeps:
            await stack.enter_async_context(beside(each))
        applier = await stack.enter_async_context(beside(run_applier(runtime, stop)))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait([applier], timeout=GRACE)


@asynccontextmanager
async def beside(job: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs `job` beside the caller, and ends it with the caller if it has not ended before."""
    task = asyncio.create_task(job)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _alone(
    runtime: Runtime, name: str, rest: float, sweep: Callable[[Runtime], Awaitable[int]]
) -> Callable[[], Awaitable[int]]:
    """The sweep, by one process at a time and then by none for `rest` seconds, however many processes there are."""
    return partial(walks.alone, runtime, f"sweep of {name}", timedelta(seconds=rest), sweep)


async def _sweep_operations(runtime: Runtime) -> int:
    return await operations.sweep(runtime, PROCEDURES)


async def _every(seconds: float, what: str, sweep: Callable[[], Awaitable[int]]) -> None:
    while True:
        try:
            with caused_by(Cause.reconciliation(what)):
                await sweep()
        except BillingError as error:
            log.warning("could not sweep", what=what, error=error.message)
        except Exception:  # such as a database that is away
            log.exception("could not sweep", what=what)
        await asyncio.sleep(seconds)
