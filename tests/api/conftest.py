"""The application as a value: over HTTP without a socket, and, for WebSockets, behind a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from api import sockets
from api.app import create_app
from api.server import configuration
from billing import keys, tokens
from billing.database import Database
from billing.runtime import Runtime
from billing.settings import Environment, Settings
from billing.stripe_gateway import StripeGateway
from billing.tables import Customer, KeyScope
from tests.factories import NOW, create_customer
from tests.running_sandbox import RunningSandbox

SECRET = "whsec_of_a_test"
OLD_SECRET = "whsec_of_yesterday"
TOKEN_SECRETS = ["new" * 11, "old" * 11]
DEVELOPMENT_KEY = "ak_development_shown_in_the_page"


@dataclass
class Clock:
    """The time, where a test wants it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stands still until it is moved."""
    return Clock()


@pytest.fixture
async def runtime(database: Database, clock: Clock) -> AsyncIterator[Runtime]:
    """Assent without its edges; nothing here speaks to Stripe."""
    gateway = StripeGateway("sk_test_00000000", account="acct_test", base="http://127.0.0.1:9")
    yield Runtime(database, gateway, allows_redirect=lambda _: True, clock=clock)
    await gateway.close()


@pytest.fixture
def make_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Settings]:
    """Settings that owe nothing to this machine."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def make(**changes: Any) -> Settings:
        given: dict[str, Any] = {
            "stripe_api_key": "sk_test_00000000",
            "stripe_api_base": "http://127.0.0.1:9",
            "stripe_webhook_secret": f"{SECRET},{OLD_SECRET}",
            "token_secret": ",".join(TOKEN_SECRETS),
            "public_url": "https://pay.example",
            "applier": False,
        }
        return Settings(**{**given, **changes})

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Those of production."""
    return make_settings()


@pytest.fixture
def app(settings: Settings, runtime: Runtime) -> Starlette:
    """As production has it."""
    return create_app(settings, runtime)


@pytest.fixture
def developed(make_settings: Callable[..., Settings], runtime: Runtime) -> Starlette:
    """As `assent serve --sandbox` has it."""
    return create_app(
        make_settings(assent_env="development", public_url=None), runtime, development_key=DEVELOPMENT_KEY
    )


def client_of(app: Starlette, *, peer: str = "127.0.0.1", base_url: str = "http://127.0.0.1:8000") -> httpx.AsyncClient:
    """A client that seems to call from `peer`."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(peer, 50000)), base_url=base_url)


@pytest.fixture
async def http(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client from elsewhere."""
    async with client_of(app, peer="203.0.113.7", base_url="https://pay.example") as client:
        yield client


@pytest.fixture
async def key(database: Database) -> str:
    """An admin's."""
    return await make_key(database, "admin", KeyScope.ADMIN)


async def make_key(database: Database, name: str, scope: KeyScope) -> str:
    async with database.transaction() as session:
        _, text = await keys.create(session, name, scope, NOW, environment=Environment.PRODUCTION)
    return text


@pytest.fixture
async def customer(database: Database) -> Customer:
    async with database.transaction() as session:
        made: Customer = await create_customer(session)
    return made


@pytest.fixture
def token(customer: Customer) -> str:
    """The customer's own, for an hour."""
    return tokens.issue(customer.id, TOKEN_SECRETS, NOW, life=timedelta(hours=1))[0]


@pytest.fixture(scope="session")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox in Stripe's place, for those who get so far."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox.base_url


@pytest.fixture
def migrated(tmp_path: Path, sqlite_template: Path) -> Path:
    """A folder with the default database, migrated."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "assent.sqlite3").write_bytes(sqlite_template.read_bytes())
    return tmp_path


def bearer(credential: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {credential}"}


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[str]:
    """A real server on a free port; its address, as ws://..."""
    config = configuration(app, grace=1)
    config.host, config.port, config.lifespan, config.timeout_graceful_shutdown = "127.0.0.1", 0, "auto", 1
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells no other way
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[str]:
    """Where its sockets are."""
    async with serving(app) as address:
        yield address


@pytest.fixture
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open sockets' credentials are looked at again at once."""
    monkeypatch.setattr(sockets, "LOOK_EVERY", 0.05)
