"""A webhook endpoint of a test."""

import http.server
import json
import threading
from typing import Any


class Receiver:
    """An endpoint that takes what it is sent, unless told to refuse, in all or this one type of events."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, str]] = []
        self.status = 200
        self.refused: str | None = None
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not body:  # the sender went away
                    return
                receiver.bodies.append((body, self.headers["Stripe-Signature"]))
                refuses = json.loads(body)["type"] == receiver.refused
                self.send_response(503 if refuses else receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def types(self) -> list[str]:
        return [json.loads(body)["type"] for body, _ in self.bodies]

    def ids(self) -> list[str]:
        return [json.loads(body)["data"]["object"]["id"] for body, _ in self.bodies]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
