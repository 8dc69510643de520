"""The database: which it is, whether it keeps what it is given, and whether there is room in it."""

from collections.abc import AsyncIterator, Iterator

from api.commands.doctor import trusted
from api.commands.doctor.finding import Finding, failure, warning
from api.health import LONGEST_LAG
from api.running import open_signals
from billing import condition
from billing.backlog import Backlog, measure
from billing.checks import check_migrated
from billing.condition import PostgresCondition, SqliteCondition
from billing.database import Database
from billing.runtime import utc_now
from billing.settings import CannotStart, LiveTransport, Settings
from billing.tables import OperationStatus

TABLES = "tables"

MIB = 1 << 20
# An event takes some kilobytes: a busy day of a small shop fits in the first, nothing at all should in the second.
LITTLE_SPACE, NO_SPACE = 1024 * MIB, 100 * MIB
# PRAGMA synchronous: a commit is on the disk when it returns.
FULL = 2
# Of PostgreSQL's own numbers: what is older than the first is no longer mended by anybody.
OLDEST, TRIED = 140_000, 160_000


async def findings(settings: Settings, database: Database) -> AsyncIterator[Finding]:
    """What it is first; then its tables, and, if they are ours, what waits in them."""
    found = await condition.look(database)
    for each in _sqlite(found) if isinstance(found, SqliteCondition) else _postgres(found):
        yield each
    if database.dialect == "postgresql":
        yield await _notifications(settings, database)
    try:
        await check_migrated(database)
    except CannotStart as problem:
        yield failure(TABLES, "tables", str(problem))
        return
    yield Finding(TABLES, "tables: those of this version")
    yield await trusted.documents(settings, database)
    for each in waiting(await measure(database, utc_now())):
        yield each


def _sqlite(found: SqliteCondition) -> Iterator[Finding]:
    what = f"database: SQLite {found.version}, {found.journal_mode.upper()}"
    if found.journal_mode != "wal" or found.synchronous != FULL:
        cure = "It has to be WAL with synchronous=FULL, which a network's disk refuses: move the file to a local one."
        yield failure("database", what, cure)
    else:
        yield Finding("database", what)
    space, cure = f"disk: {found.free // MIB:,} MiB free", "Make room on the disk of the database, or move the file."
    if found.free < LITTLE_SPACE:
        yield (failure if found.free < NO_SPACE else warning)("disk", space, cure)
    else:
        yield Finding("disk", space)


def _postgres(found: PostgresCondition) -> Iterator[Finding]:
    what = f"database: PostgreSQL {found.version}"
    if found.number < OLDEST:
        yield failure("database", what, f"Use PostgreSQL {OLDEST // 10_000} or later; `pg_dump` moves it.")
    elif found.number < TRIED:
        yield warning("database", what, f"Assent is tried with PostgreSQL {TRIED // 10_000} and later: upgrade soon.")
    else:
        yield Finding("database", what)
    if not found.is_durable:
        yield warning("durability", "fsync is off", "A crash can lose what was reserved: set fsync=on in the server.")
    room = found.connections // found.wanted
    what = f"connections: {found.connections} for everybody, {found.in_use} open, up to {found.wanted} for each process"
    if room < 1:
        cure = f"Set max_connections to {found.wanted} for each `assent serve` and worker, and some for yourself."
        yield warning("connections", what, cure)
    else:
        yield Finding("connections", f"{what}: room for {room} process{'es' if room > 1 else ''}")


async def _notifications(settings: Settings, database: Database) -> Finding:
    check = "notifications"
    if settings.live_transport is LiveTransport.POLL:
        return Finding(check, "notifications: not used (LIVE_TRANSPORT=poll)")
    try:
        async with open_signals(settings, database):
            return Finding(check, "notifications arrive")
    except CannotStart as problem:
        return failure(check, "notifications", str(problem))


def waiting(backlog: Backlog) -> Iterator[Finding]:
    """What is not done."""
    what = f"inbox: {backlog.waiting} events are not applied, the oldest since {backlog.oldest_waiting:.0f} seconds"
    if backlog.oldest_due > LONGEST_LAG:
        yield failure("inbox", what, "Start `assent worker`, or set APPLIER=true; its log says what it stumbles over.")
    else:
        yield Finding("inbox", what if backlog.waiting else "inbox: everything is applied")
    if backlog.failed:
        cure = "Read `stripeEvents(status: [FAILED])`, mend what their errors say, then `replayStripeEvent`."
        yield warning("failed_events", f"{backlog.failed} events failed for good", cure)
    kinds = backlog.operations.items()
    if unknown := sum(count for (_, status), count in kinds if status == OperationStatus.UNKNOWN):
        cure = "`assent operations list` shows them, `assent operations settle ID` looks at Stripe again."
        yield warning("operations", f"{unknown} operations have no known outcome", cure)
    if held := sum(backlog.held.values()):
        cure = "Their customers have to agree anew: `subscriptions(needsAttention: true)` shows them."
        yield warning("renewals", f"{held} renewals are held", cure)
