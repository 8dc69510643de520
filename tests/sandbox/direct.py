"""The sandbox's API without a server: for properties that are tried hundreds of times."""

import shutil
import tempfile
from pathlib import Path
from typing import Any, Self

from sandbox.app import prepare
from sandbox.core import Sandbox
from sandbox.engine import moving
from sandbox.resources import ENDPOINTS
from sandbox.settings import Settings
from sandbox.wire import endpoints, form, validation


class Direct:
    """`with Direct() as api`: a sandbox of its own, whose answers and refusals are objects.

    Its time stands still but for `pass_to`.
    """

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp())
        self.sandbox = Sandbox(Settings(self._folder / "sandbox.db", "http://sandbox.test"))
        prepare(self.sandbox)
        self.sandbox.hold(self.sandbox.clock.now())
        return self

    def __exit__(self, *_: object) -> None:
        self.sandbox.database.close()
        shutil.rmtree(self._folder)

    def call(self, method: str, path: str, **params: Any) -> Any:
        """The answer. Raises StripeError."""
        found = endpoints.find(ENDPOINTS, method, path)
        assert found is not None, path
        endpoint, ids = found
        checked = validation.validate(method, endpoint.path, form.decode(list(_pairs(params))))
        with self.sandbox.work() as work:
            answer = endpoint.handler(work, *ids, checked)
            assert checked.unread() == []
            return answer

    def post(self, path: str, **params: Any) -> Any:
        """`call` with POST."""
        return self.call("POST", path, **params)

    def get(self, path: str) -> Any:
        """`call` with GET."""
        return self.call("GET", path)

    def pass_to(self, second: int) -> None:
        """Time passes until then, and what falls due happens."""
        moving.move(self.sandbox, second)
        self.sandbox.hold(second)


def _pairs(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _pairs(each, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _pairs(each, f"{name}[{index}]")
    else:
        yield name, str(value).lower() if isinstance(value, bool) else str(value)
