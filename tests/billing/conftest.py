"""The domain as it runs: a database of the test's own, and the real SDK speaking to a real sandbox."""

from collections.abc import AsyncIterator, Iterator

import pytest

from billing.callers import Caller
from billing.database import Database
from billing.runtime import Runtime
from billing.stripe_gateway import StripeGateway
from billing.tables import KeyScope
from tests.running_sandbox import KEY, RunningSandbox

MERCHANT = Caller("back office", KeyScope.ADMIN)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One for all tests of a process: each has its own customers, and a database that knows no others."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
async def runtime(database: Database, sandbox: RunningSandbox) -> AsyncIterator[Runtime]:
    """Assent without its edges."""
    gateway = StripeGateway(KEY, account="acct_test", base=sandbox.base_url)
    yield Runtime(database, gateway, allows_redirect=lambda url: url.startswith("https://shop.example/"))
    await gateway.close()
