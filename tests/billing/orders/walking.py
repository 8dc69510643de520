"""Every order of deliveries of one object's events, by walking the states that the mirror can be in.

Two orders that leave the same behind are one from then on, so millions are tried by looking at some thousand states.
At each step anything that is left may come: an event, an event again, an answer of the API; or what waits is tried
again, or the object is read. `orders` counts the ways to the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import comb, factorial

from billing.mirror.deciding import Decision, Stored, decide, decide_hint
from billing.mirror.news import Known, News
from tests.billing.news import store

# A second in which everything is over.
AFTERWARDS = 10_000_000_000


@dataclass(frozen=True)
class Delivery:
    """Something that comes: `news` by an event, or as an answer; or a mere hint that something happened.

    It can come only once so many of the object's events have happened.
    """

    news: News
    happened: int
    hint: bool = False

    @property
    def second(self) -> int:
        """Of the event."""
        return self.news.known.known_until


@dataclass(frozen=True)
class Told:
    """An object's events in Stripe's own order, and what else is to come of it."""

    events: tuple[News, ...]
    hints: frozenset[int] = frozenset()
    answers: tuple[Delivery, ...] = ()
    again: int = 0
    """How many events come twice."""
    read_early: bool = False
    """Whether the object may be read before all of it has happened."""

    @cached_property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All of them."""
        events = [Delivery(each, at + 1, at in self.hints) for at, each in enumerate(self.events)]
        return (*events, *self.answers)

    @cached_property
    def reads(self) -> tuple[Delivery, ...]:
        """Every answer that reading the object can bring: what it was after so many events, in which second."""
        last = len(self.events)
        late = answer(self.events[-1], AFTERWARDS, AFTERWARDS, last)
        if not self.read_early:
            return (late,)
        seconds = [each.known.known_until for each in self.events]
        early = (
            answer(self.events[at - 1], second, second, at)
            for at in range(1, last)
            for second in sorted({seconds[at - 1], min(seconds[at - 1] + 1, seconds[at]), seconds[at]})
        )
        return (*early, answer(self.events[-1], seconds[-1], seconds[-1], last), late)


def answer(news: News, known_from: int, known_until: int, happened: int) -> Delivery:
    """The object as after these news, told by the API; a deleted one as the stub of it."""
    data = {"id": news.id, "object": news.type, "deleted": True} if news.is_deletion else news.data
    return Delivery(News.of(data, None, Known(known_from, known_until)), happened)


@dataclass(frozen=True)
class State:
    """Where the mirror is: what is stored, what waits to be put in order, and what has come (and come again)."""

    stored: Stored | None
    waiting: tuple[int, ...]
    come: tuple[int, ...]
    happened: int

    @cached_property
    def key(self) -> object:
        """Equal for states from which the same follows."""
        it = self.stored
        known = it and (it.states, it.known_from, it.known_until, it.event_id, it.event_type, it.deleted, it.doubted)
        return known, self.waiting, self.come, self.happened


@dataclass
class Walk:
    """All orders of what is told of one object. `diverged` names the deliveries of orders that end wrongly."""

    told: Told
    states: int = 0
    diverged: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def orders(self) -> int:
        """How many orders of deliveries that were."""
        events, all_of_them = len(self.told.events), len(self.told.deliveries)
        return sum(comb(events, some) * factorial(all_of_them + some) // 2**some for some in range(self.told.again + 1))

    def run(self) -> "Walk":
        """Walks to every end."""
        start = State(None, (), (0,) * len(self.told.deliveries), 0)
        found: dict[object, tuple[State, tuple[str, ...]]] = {start.key: (start, ())}
        while found:
            following: dict[object, tuple[State, tuple[str, ...]]] = {}
            for state, path in self._with_rounds(found).values():
                self._end(state, path)
                for at in self._left(state):
                    after = _deliver(self.told, state, at)
                    following.setdefault(after.key, (after, (*path, _name(self.told, at))))
            found = following
        return self

    def _with_rounds(
        self, found: dict[object, tuple[State, tuple[str, ...]]]
    ) -> dict[object, tuple[State, tuple[str, ...]]]:
        """These states, and what trying again and reading may make of them before anything else comes."""
        every, new = dict(found), list(found.values())
        while new:
            state, path = new.pop()
            for name, after in _rounds(self.told, state):
                if after.key not in every:
                    every[after.key] = after, (*path, name)
                    new.append(every[after.key])
        self.states += len(every)
        return every

    def _left(self, state: State) -> Iterator[int]:
        again = sum(each > 1 for each in state.come) < self.told.again
        for at, times in enumerate(state.come):
            if times == 0 or (times == 1 and again and at < len(self.told.events)):
                yield at

    def _end(self, state: State, path: tuple[str, ...]) -> None:
        if not all(state.come):
            return
        state = _settled(self.told, state)
        if state.waiting or not _is_true(self.told, state):
            self.diverged.append(path)


def _name(told: Told, at: int) -> str:
    delivery = told.deliveries[at]
    known = delivery.news.known
    if known.event_type is None:
        return f"answer {delivery.happened} in {known.known_from}-{known.known_until}"
    return f"{'hint' if delivery.hint else 'event'} {at} in {known.known_until}"


def _deliver(told: Told, state: State, at: int) -> State:
    come = tuple(times + (each == at) for each, times in enumerate(state.come))
    happened = max(state.happened, told.deliveries[at].happened)
    state = replace(state, come=come, happened=happened)
    return _try(told, state, at) or replace(state, waiting=_waiting(told, (*state.waiting, at)))


def _waiting(told: Told, waiting: tuple[int, ...]) -> tuple[int, ...]:
    """As they came; but for hints that makes no difference."""
    hints = sorted(at for at in waiting if told.deliveries[at].hint)
    return (*(at for at in waiting if not told.deliveries[at].hint), *hints)


def _try(told: Told, state: State, at: int) -> State | None:
    """The state after the delivery; None where it cannot be put in order."""
    delivery = told.deliveries[at]
    if delivery.hint:
        return state if decide_hint(state.stored, delivery.second) is Decision.SKIP else None
    verdict = decide(state.stored, delivery.news)
    after = replace(state, stored=store(delivery.news, state.stored, verdict))
    return None if verdict.decision is Decision.READ else after


def _rounds(told: Told, state: State) -> Iterator[tuple[str, State]]:
    """What the applier may do before anything else comes."""
    if state.waiting:
        yield "retry", _retried(told, state)
    if not state.waiting and not (state.stored and state.stored.doubted):
        return
    for read in told.reads:
        if read.happened >= state.happened and all(told.deliveries[at].second < read.second for at in state.waiting):
            yield f"read {read.happened} in {read.second}", _read(told, state, read)


def _retried(told: Told, state: State) -> State:
    waiting = sorted(state.waiting, key=lambda at: told.deliveries[at].second)
    while waiting:
        unclear: list[int] = []
        for at in waiting:
            tried = _try(told, state, at)
            state, unclear = tried or state, [*unclear, *([] if tried else [at])]
        if len(unclear) == len(waiting):
            break
        waiting = unclear
    return replace(state, waiting=tuple(waiting))


def _read(told: Told, state: State, read: Delivery) -> State:
    stored = store(read.news, state.stored)
    second = max((told.deliveries[at].second for at in state.waiting), default=0)
    waiting = state.waiting if decide_hint(stored, second) is Decision.READ else ()
    return replace(state, stored=stored, waiting=waiting, happened=max(state.happened, read.happened))


def _settled(told: Told, state: State) -> State:
    """When everything has come: what waits is tried again, then read, and what is doubted is read."""
    state = _retried(told, state)
    if state.waiting or (state.stored and state.stored.doubted):
        state = _read(told, state, told.reads[-1])
    return state


def _is_true(told: Told, state: State) -> bool:
    last, stored = told.events[-1], state.stored
    if stored is None or stored.doubted or stored.deleted != last.is_deletion:
        return False
    return last.is_deletion or News.of(stored.data, None, last.known).state == last.state
