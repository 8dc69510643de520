"""Sweeps in many processes: one of them at a time, none right after, and another one where it was killed."""

import asyncio
from datetime import timedelta

import pytest

from billing.recovery import walks
from billing.runtime import Runtime

REST = timedelta(minutes=5)


async def test_of_many_processes_one_sweeps_and_then_nobody_until_it_is_due_again(runtime: Runtime) -> None:
    now, swept = runtime.clock(), []

    async def sweep(_: Runtime) -> int:
        swept.append(1)
        await asyncio.sleep(0.2)
        return 7

    def at(delay: timedelta) -> Runtime:
        return Runtime(**{**vars(runtime), "clock": lambda: now + delay})

    answers = await asyncio.gather(*(walks.alone(at(timedelta()), "test", REST, sweep) for _ in range(8)))
    assert sorted(answers) == [0] * 7 + [7]
    assert await walks.alone(at(REST / 2), "test", REST, sweep) == 0
    assert await walks.alone(at(REST), "test", REST, sweep) == 7
    assert len(swept) == 2


async def test_a_sweep_whose_process_was_killed_is_done_by_another_when_its_lease_ends(runtime: Runtime) -> None:
    now = runtime.clock()
    async with runtime.database.transaction() as session:
        assert await walks.take(session, "test", now) is not None

    async def sweep(_: Runtime) -> int:
        return 1

    for delay, expected in ((walks.LEASE / 2, 0), (walks.LEASE, 1)):
        later = Runtime(**{**vars(runtime), "clock": lambda delay=delay: now + delay})
        assert await walks.alone(later, "test", REST, sweep) == expected


async def test_a_sweep_that_fails_rests_too(runtime: Runtime) -> None:
    async def fail(_: Runtime) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await walks.alone(runtime, "test", REST, fail)
    assert await walks.alone(runtime, "test", REST, fail) == 0
