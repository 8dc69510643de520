"""What every resolver has at hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import strawberry

from billing.callers import Caller
from billing.reader import Snapshot
from billing.runtime import Runtime


@dataclass
class Context:
    """One request, or one operation of a socket. `caller` is None without a valid key or token.

    `snapshot` is what all reads of a query are made in. `deepest` is how many rows below each other one statement may
    read; what lies deeper takes further ones.

    `address` is where clients reach this server, without a slash at the end; `token_secrets` sign what opens something,
    newest first.
    """

    runtime: Runtime
    caller: Caller | None
    request_id: str
    address: str = ""
    token_secrets: Sequence[str] = ()
    snapshot: Snapshot | None = None
    deepest: int = 100

    @property
    def now(self) -> datetime:
        """The time."""
        return self.runtime.clock()


Info = strawberry.Info[Context, None]
