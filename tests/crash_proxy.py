"""Bad weather between Assent and Stripe: a proxy on loopback that loses, breaks or outlives a chosen request."""

import contextlib
import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
FAULT = b'{"error": {"type": "api_error", "message": "An unknown error occurred."}}'


class Moment(Enum):
    """Where in a request something happens: before Stripe sees it, before its answer is passed on, or after."""

    BEFORE = auto()
    DONE = auto()
    ANSWERED = auto()


@dataclass
class Trouble:
    """What happens to the next `times` requests that match `request`, as `POST /v1/customers`.

    At `moment` comes `event`, if there is one. If the answer is not out yet, the client then gets `status` with a
    fault of Stripe's in its place, or without a `status` nothing but a closed connection. A fault that is `kept` is
    marked as the answer that Stripe has for this idempotency key. The first `skip` that match get through.
    With `late` the client gets Stripe's answer all the same, after the event.
    """

    request: str
    moment: Moment
    event: Callable[[], None] | None = None
    status: int | None = None
    kept: bool = False
    times: int = 1
    skip: int = 0
    late: bool = False
    over: threading.Event = field(default_factory=threading.Event)
    """Set once it has happened for the first time."""


@dataclass(frozen=True)
class Answer:
    """What Stripe answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Unmoved(ThreadingHTTPServer):
    """Says nothing of clients that were killed."""

    def handle_error(self, *_: object) -> None:
        """That is what it is for."""


class CrashProxy:
    """`with CrashProxy(target) as proxy`: forwards everything, and keeps a list of it in `seen`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target).netloc
        self._troubles: list[Trouble] = []
        self._turn = threading.Lock()
        self.seen: list[str] = []
        self._server = Unmoved(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def prepare(self, trouble: Trouble) -> Trouble:
        """Lets it happen to the next requests that it is for; its `times` count down as it does."""
        self._troubles.append(trouble)
        return trouble

    def clear(self) -> None:
        """Fair weather from now on."""
        self._troubles.clear()

    def posts(self) -> list[str]:
        """What was seen that could have changed anything."""
        return [each for each in self.seen if not each.startswith("GET ")]

    def meet(self, request: str) -> Trouble | None:
        """The trouble that this request gets into, if any."""
        with self._turn:
            self.seen.append(request)
            for trouble in self._troubles:
                if trouble.times > 0 and re.fullmatch(trouble.request, request):
                    if trouble.skip > 0:
                        trouble.skip -= 1
                        continue
                    trouble.times -= 1
                    return trouble
        return None

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """What Stripe answers to it."""
        connection = http.client.HTTPConnection(self._target, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())

    def _handler(self) -> type["Handler"]:
        return type("Handler", (Handler,), {"proxy": self})


class Handler(BaseHTTPRequestHandler):
    """One connection of Assent's."""

    proxy: CrashProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_DELETE(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *_: object) -> None:
        """Says nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        trouble = self.proxy.meet(f"{self.command} {urlsplit(self.path).path}")
        if trouble and trouble.moment is Moment.BEFORE:
            self._fail(trouble)
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = self.proxy.forward(self.command, self.path, headers, body)
        if trouble and trouble.moment is Moment.DONE and not trouble.late:
            self._fail(trouble)
            return
        if trouble and trouble.late and trouble.event:
            trouble.event()
            trouble.over.set()
            trouble = None
        self._answer(answer)
        if trouble:
            self._fail(trouble)

    def _fail(self, trouble: Trouble) -> None:
        if trouble.event:
            trouble.event()
        trouble.over.set()
        if trouble.status and trouble.moment is not Moment.ANSWERED:
            kept = [("Idempotent-Replayed", "true")] if trouble.kept else []
            self._answer(Answer(trouble.status, [("Content-Type", "application/json"), *kept], FAULT))
        self.close_connection = True

    def _answer(self, answer: Answer) -> None:
        with contextlib.suppress(ConnectionError):  # whoever asked may be dead
            self.send_response_only(answer.status)  # the time is Stripe's to tell
            for name, value in answer.headers:
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
