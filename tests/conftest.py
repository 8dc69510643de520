"""Fixtures for everything that touches data: each such test runs on SQLite and on PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from billing.budget import Budget
from billing.database import Database
from billing.migrations import migrate
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from tests.billing.life import Life
from tests.moving_sandbox import moving_sandbox
from tests.postgres import postgres_url, running_postgres
from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY

DATABASES = ["sqlite", "postgresql"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--db`, for a quick run on one of them."""
    parser.addoption("--db", choices=DATABASES, help="run tests of data on this database alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test that uses `database_url`, directly or not, once per database."""
    if "database_url" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--db")
        metafunc.parametrize("database_url", [chosen] if chosen else DATABASES, indirect=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Uvicorn and the database drivers are asyncio's."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """A PostgreSQL of this test process; gives the folder of its socket."""
    with running_postgres() as folder:
        yield folder


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy."""
    file = tmp_path_factory.mktemp("template") / "assent.sqlite3"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres: Path) -> str:
    """The name of a migrated database to copy."""
    execute(postgres, "CREATE DATABASE assent")
    asyncio.run(migrate(postgres_url(postgres, "assent")))
    return "assent"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of this test's own, migrated and empty."""
    provide = {"sqlite": sqlite_copy, "postgresql": postgres_copy}[request.param]
    yield from provide(request)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """That database, open."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def postgres_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a PostgreSQL of this test's own, for what SQLite does not have."""
    yield from postgres_copy(request)


@pytest.fixture
async def postgres_database(postgres_database_url: str) -> AsyncIterator[Database]:
    """That database, open."""
    database = Database(postgres_database_url)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A local Stripe for all tests of a process: each has its own customers, and a database that knows no others."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def runtime(database: Database, sandbox: RunningSandbox) -> AsyncIterator[Runtime]:
    """Assent without its edges: the real database, and the real SDK speaking to the sandbox."""
    gateway = StripeGateway(KEY, account="acct_test", base=sandbox.base_url)
    yield Runtime(database, gateway, allows_redirect=lambda url: url.startswith("https://shop.example/"))
    await gateway.close()


@pytest.fixture
async def life(database: Database, tmp_path: Path) -> AsyncIterator[Life]:
    """Assent beside a sandbox of this test's own, whose clock the test moves."""
    with moving_sandbox(tmp_path) as sandbox:
        gateway = StripeGateway(KEY, account="acct_test", base=sandbox.base_url)
        allowed = "https://shop.example/"
        runtime = Runtime(
            database,
            gateway,
            allows_redirect=lambda url: url.startswith(allowed),
            budget=Budget(1000.0),
            clock=sandbox.now,
        )
        yield Life(runtime, sandbox)
        await gateway.close()


def sqlite_copy(request: pytest.FixtureRequest) -> Iterator[str]:
    """A copy of the migrated file."""
    folder: Path = request.getfixturevalue("tmp_path")
    yield f"sqlite:///{shutil.copy(request.getfixturevalue('sqlite_template'), folder)}"


def postgres_copy(request: pytest.FixtureRequest) -> Iterator[str]:
    """A copy of the migrated database, dropped after the test."""
    folder: Path = request.getfixturevalue("postgres")
    name = f"test_{uuid4().hex}"
    template = request.getfixturevalue("postgres_template")
    execute(folder, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield postgres_url(folder, name)
    execute(folder, f"DROP DATABASE {name} WITH (FORCE)")


def execute(folder: Path, statement: str) -> None:
    """Runs a statement that no transaction may enclose."""

    async def run() -> None:
        connection = await asyncpg.connect(host=str(folder), user="assent", database="postgres")
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())
