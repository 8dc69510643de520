"""The audit of dependencies beside a service of our own: found, not found, not there, and not to be understood."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.audit import audit, pinned

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("*.lock"))


class Service(HTTPServer):
    """Answers `body` with `status`, after having counted what it was asked for."""

    asked: int = 0
    status: int = 200
    bad: str | None = None
    body: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        self.server.asked = len(asked)
        results = [
            {"vulns": [{"id": "GHSA-1"}]} if each["package"]["name"] == self.server.bad else {} for each in asked
        ]
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.body or {"results": results}).encode())

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with Service(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("OSV_URL", running.url)
        yield running
        running.shutdown()


def test_all_that_is_locked_is_asked_for_once(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(LOCKS) == 0
    assert service.asked == len(pinned(LOCKS)) > 60
    assert "0 known vulnerabilities" in capsys.readouterr().out


def test_what_is_found_fails(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.bad = "stripe"
    assert audit(LOCKS) == 1
    assert "VULNERABLE stripe 16.1.0: GHSA-1" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "body"), [(400, None), (500, None), (200, {"results": []}), (200, {"no": 1})])
def test_an_answer_that_is_none_fails(service: Service, status: int, body: Any) -> None:
    service.status, service.body = status, body
    assert audit(LOCKS) == 1


def test_where_nobody_answers_it_is_said_loudly_and_soon(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OSV_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        began = time.monotonic()
        assert audit(LOCKS) == 0
        assert time.monotonic() - began < 20
    assert capsys.readouterr().out.startswith("### NOT AUDITED: ")
    monkeypatch.setenv("OSV_URL", service.url)
    service.status = 503
    assert audit(LOCKS) == 0
    assert capsys.readouterr().out.startswith("### NOT AUDITED: ")
