from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox.pages.acting import open_session


@pytest.fixture
def browser(running: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, trust_env=False) as browser:
        yield browser


@pytest.fixture
def session(client: stripe.StripeClient, customer: stripe.Customer) -> Any:
    return open_session(client, customer)
