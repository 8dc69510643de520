"""Connections for reads: few of them, used again, and none that failed or was left in the middle of something."""

import asyncio
from dataclasses import dataclass, field

import pytest

from billing.connections import Connections

MOST = 2


@dataclass(eq=False)
class Line:
    """A connection as far as this goes."""

    works: bool = True
    closed: bool = False

    async def close(self) -> None:
        self.closed = True


@dataclass
class Lines:
    """All that were opened."""

    opened: list[Line] = field(default_factory=list)
    fails: bool = False

    async def open(self) -> Line:
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionRefusedError
        self.opened.append(Line())
        return self.opened[-1]


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def connections(lines: Lines) -> Connections[Line]:
    return Connections(MOST, lines.open, Line.close, works=lambda each: each.works)


async def use(connections: Connections[Line]) -> Line:
    async with connections.one() as line:
        await asyncio.sleep(0.01)
        return line


async def test_no_more_are_open_than_may_be_and_they_are_used_again(
    lines: Lines, connections: Connections[Line]
) -> None:
    used = await asyncio.gather(*(use(connections) for _ in range(10)))
    assert len(set(used)) == len(lines.opened) == MOST


async def test_one_that_failed_is_closed_and_makes_room(lines: Lines, connections: Connections[Line]) -> None:
    for _ in range(2 * MOST):
        with pytest.raises(ZeroDivisionError):
            async with connections.one():
                raise ZeroDivisionError
    await connections.close()
    assert len(lines.opened) == 2 * MOST
    assert all(each.closed for each in lines.opened)


async def test_one_whose_user_was_canceled_is_closed(lines: Lines, connections: Connections[Line]) -> None:
    using = asyncio.create_task(use(connections))
    await asyncio.sleep(0.005)  # within its time
    using.cancel()
    await asyncio.gather(using, return_exceptions=True)
    assert await use(connections) is not lines.opened[0]
    assert lines.opened[0].closed


async def test_one_that_works_no_more_is_passed_over(lines: Lines, connections: Connections[Line]) -> None:
    (await use(connections)).works = False
    assert (await use(connections)).works
    assert len(lines.opened) == 2


async def test_one_that_nobody_used_for_long_is_closed(
    lines: Lines, connections: Connections[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await use(connections)
    assert await use(connections) is first
    monkeypatch.setattr("billing.connections.IDLE", 0)
    assert await use(connections) is not first
    assert first.closed


async def test_what_cannot_be_opened_takes_nobodys_place(lines: Lines, connections: Connections[Line]) -> None:
    lines.fails = True
    for _ in range(2 * MOST):
        with pytest.raises(ConnectionRefusedError):
            await use(connections)
    lines.fails = False
    await use(connections)


async def test_who_waits_and_leaves_takes_nobodys_place(lines: Lines, connections: Connections[Line]) -> None:
    held = [await connections.take() for _ in range(MOST)]
    waiting = [asyncio.create_task(use(connections)) for _ in range(5)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for line in held:
        connections.give_back(line)
    await asyncio.gather(*(use(connections) for _ in range(5)))
    assert len(lines.opened) == MOST


async def test_what_comes_back_after_the_end_is_closed(lines: Lines, connections: Connections[Line]) -> None:
    async with connections.one():
        await connections.close()
    await connections.close()
    assert [each.closed for each in lines.opened] == [True]
