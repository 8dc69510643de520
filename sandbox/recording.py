"""A record of every API exchange, one JSON object a line, for contract checks."""

import json
import threading
from pathlib import Path
from typing import Any


class Recorder:
    """Appends exchanges to a file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._turn = threading.Lock()

    def record(self, method: str, path: str, pairs: list[tuple[str, str]], status: int, body: bytes | Any) -> None:
        """One request with its decoded pairs, and its answer."""
        exchange = {
            "method": method,
            "path": path,
            "params": [list(pair) for pair in pairs],
            "status": status,
            "response": json.loads(bytes(body)),
        }
        with self._turn, self._path.open("a") as file:
            file.write(json.dumps(exchange) + "\n")
