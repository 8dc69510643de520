"""A server that is told to stop: unready first, then deaf, and done with what is under way."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.crash_proxy import Answer, CrashProxy
from tests.journey.walking import PAID, Journey
from tests.running_assent import PATIENCE, RunningAssent
from tests.running_sandbox import RunningSandbox, until

LIVE = "subscription S($id: ID!) { setupSession(id: $id) { status } }"


class SlowProxy(CrashProxy):
    """Holds the creation of a subscription back until it is let go."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.asked, self.go = threading.Event(), threading.Event()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        if (method, path) == ("POST", "/v1/subscriptions"):
            self.asked.set()
            self.go.wait(PATIENCE)
        return super().forward(method, path, headers, body)


@pytest.fixture
def proxy(sandbox: RunningSandbox) -> Iterator[SlowProxy]:
    with SlowProxy(sandbox.base_url) as running:
        yield running


def test_a_mutation_that_is_at_stripe_is_answered_and_everything_else_is_turned_away(
    journey: Journey, assent: RunningAssent, proxy: SlowProxy
) -> None:
    journey.begin()
    journey.save_card()
    assent.stop()
    assent.settings["DRAIN_DELAY"] = "1.5"
    assent.start()
    session = {"id": journey.answers["createSetupSession"]["setupSession"]["id"]}
    with ThreadPoolExecutor() as threads, assent.live(LIVE, session) as pushed:
        assert next(pushed)
        creating = threads.submit(journey.take, "createSubscription")
        assert proxy.asked.wait(PATIENCE)
        assert assent._process is not None
        assert assent._process.pid
        os.kill(assent._process.pid, signal.SIGTERM)
        assert "about to stop" in unready(assent)["problems"][0]
        assert journey.session()["status"] == "COMPLETE"
        with pytest.raises(ConnectionClosed) as closed:
            next(pushed)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{assent.base_url}/healthz", trust_env=False)
        assert not creating.done()
        proxy.go.set()
        assert creating.result(PATIENCE)["subscription"]["status"] == "ACTIVE"
        assent._process.join(PATIENCE)
    assert assent._process.exitcode == 0
    assert "Traceback" not in assent.log
    assert journey.statuses_at_stripe() == PAID


def unready(assent: RunningAssent) -> dict[str, list[str]]:
    for _ in until(PATIENCE):
        answer = httpx.get(f"{assent.base_url}/readyz", trust_env=False)
        if answer.status_code == 503:
            return dict(answer.json())
    raise TimeoutError
