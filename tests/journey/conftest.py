"""Assent and the sandbox, joined as in production: an API key there, a webhook endpoint here."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from billing.mirror.kinds import SUBSCRIBED_EVENTS
from billing.stripe_gateway import API_VERSION
from tests.crash_proxy import CrashProxy
from tests.journey.walking import Journey
from tests.running_assent import RunningAssent
from tests.running_sandbox import RunningSandbox


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One for all tests of a process: each has its own customers, and an endpoint of its own while it runs."""
    with RunningSandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def proxy(sandbox: RunningSandbox) -> Iterator[CrashProxy]:
    """The weather between Assent and Stripe; fair, unless a test prepares another."""
    with CrashProxy(sandbox.base_url) as running:
        yield running


@pytest.fixture
def assent(database_url: str, sandbox: RunningSandbox, proxy: CrashProxy, tmp_path: Path) -> Iterator[RunningAssent]:
    """Assent on a database of this test's own, told of everything that happens at the sandbox."""
    with joined(RunningAssent(tmp_path, database_url, proxy.base_url), sandbox) as running:
        yield running


@pytest.fixture
def journey(assent: RunningAssent, sandbox: RunningSandbox) -> Journey:
    """A customer's way through it, not begun."""
    return Journey(assent, sandbox)


@contextmanager
def joined(assent: RunningAssent, sandbox: RunningSandbox) -> Iterator[RunningAssent]:
    """Runs it with an endpoint that is subscribed to what the mirror lives on, and to nothing else."""
    endpoints = sandbox.client().v1.webhook_endpoints
    wanted: Any = {"url": assent.webhook_url, "enabled_events": sorted(SUBSCRIBED_EVENTS), "api_version": API_VERSION}
    endpoint = endpoints.create(wanted)
    assent.settings["STRIPE_WEBHOOK_SECRET"] = str(endpoint.secret)
    try:
        with assent:
            yield assent
    finally:
        endpoints.delete(endpoint.id)
