"""How a row of the matrix is declared: how to prepare it, and what is asked.

What it should lead to is said nowhere: it is what it leads to in fair weather.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from billing.applier import apply_due, stop_expired
from tests.billing.journey import unique
from tests.billing.life import Life
from tests.billing.ready import every

Input = dict[str, Any]
Prepare = Callable[[Life], Awaitable[Input | None]]


@dataclass(frozen=True)
class Row:
    """`prepare` brings about all that `mutation` needs and answers with its input.

    Without a mutation it is work that nobody asks for: what it has left for the sweeps is done in the background.
    `operations` are those that it leads to.
    """

    name: str
    mutation: str | None
    operations: frozenset[str]
    prepare: Prepare

    @property
    def document(self) -> str:
        """What a client sends."""
        name = self.mutation or ""
        kind = f"{name[:1].upper()}{name[1:]}Input"
        return f"mutation($input: {kind}!) {{ {name}(input: $input) {{ error {{ __typename message }} }} }}"


ROWS: dict[str, Row] = {}


def row(mutation: str, how: str = "", *, operations: str | None = None) -> Callable[[Prepare], Prepare]:
    """Declares what is asked of a mutation; `how` tells several of one apart.

    Its operation bears its name, or these.
    """
    return _declare(f"{mutation} ({how})" if how else mutation, mutation, operations)


def background(name: str) -> Callable[[Prepare], Prepare]:
    """Declares what the sweeps do by themselves; `name` is the operation's."""
    return _declare(name, None, name)


def _declare(name: str, mutation: str | None, operations: str | None) -> Callable[[Prepare], Prepare]:
    leads_to = frozenset((operations if operations is not None else mutation or name).split())

    def declare(prepare: Prepare) -> Prepare:
        ROWS[name] = Row(name, mutation, leads_to, prepare)
        return prepare

    return declare


async def in_the_background(life: Life) -> None:
    """One round of what workers do every few seconds: each by itself, and a database that is away ends that one."""
    with suppress(DBAPIError):
        await apply_due(life.runtime, now=life.runtime.clock())
    with suppress(DBAPIError):
        await stop_expired(life.runtime)
    with suppress(DBAPIError):
        await life.sweep()


def keyed(**given: Any) -> Input:
    return {**given, "idempotencyKey": unique("key")}


def usd(dollars: str) -> Input:
    return {"amount": dollars, "currency": "USD"}


async def only(life: Life, table: Any) -> Any:
    [found] = await every(life.runtime, table)
    return found
