"""What news mean for an object that is known already.

Stripe delivers late, twice, and out of order, and tells the time of an event in whole seconds. So order is shown by
the second, or within it by what the states themselves say; what cannot be shown is read at Stripe.
"""

from dataclasses import dataclass
from enum import Enum, auto

from billing.mirror.life_cycles import LIFE_CYCLES
from billing.mirror.news import News
from billing.stripe_gateway import JSONObject


class Decision(Enum):
    """APPLY: it is newer. SKIP: it is older, or the same. READ: nobody can tell, ask Stripe once the second is over.

    TRUST: an answer of the API to ourselves, which we write down and then check by reading.
    """

    APPLY = auto()
    TRUST = auto()
    SKIP = auto()
    READ = auto()


# Stands in a chain of states where more may have been in between.
GAP = ""


@dataclass(frozen=True)
class Stored:
    """An object as it is known.

    `states`: digests of the states that followed each other in these seconds. `doubted`: it is to be read again.
    """

    data: JSONObject
    known_from: int
    known_until: int
    states: tuple[str, ...]
    event_id: str | None = None
    event_type: str | None = None
    deleted: bool = False
    doubted: bool = False


@dataclass(frozen=True)
class Verdict:
    """A decision, the object's chain of states with the news in it, and whether it is to be read again."""

    decision: Decision
    states: tuple[str, ...]
    doubted: bool = False


def decide(stored: Stored | None, news: News) -> Verdict:
    """Where the news belong. The second belongs to Stripe's object, not to our row."""
    if stored is None:
        return Verdict(Decision.APPLY, _begun(news))
    if stored.deleted or (stored.event_id is not None and news.known.event_id == stored.event_id):
        return Verdict(Decision.SKIP, stored.states)
    if news.is_deletion:
        return Verdict(Decision.APPLY, _begun(news))
    time, stage = _later(stored, news), _further(stored, news)
    if time * stage < 0:
        return _contradiction(stored, news, time)
    if time or stage:
        return _shown(stored, news, time or stage)
    return _tie(stored, news)


def decide_hint(stored: Stored | None, second: int) -> Decision:
    """The same for an event in another version of the API: its snapshot has another shape, but it has a second."""
    is_over = stored is not None and (stored.deleted or stored.known_from > second)
    return Decision.SKIP if is_over else Decision.READ


def seconds(stored: Stored | None, news: News) -> tuple[int, int]:
    """Within which the chain of states was so, with the news in it: those of both unless the news are later."""
    known = news.known
    if stored is None or _later(stored, news) > 0:
        return known.known_from, known.known_until
    return min(stored.known_from, known.known_from), max(stored.known_until, known.known_until)


def _begun(news: News) -> tuple[str, ...]:
    return (news.state,) if news.earlier in (None, news.state) else (news.earlier or GAP, news.state)


def _later(stored: Stored, news: News) -> int:
    """1 after, -1 before, 0 where the seconds overlap."""
    return (news.known.known_from > stored.known_until) - (news.known.known_until < stored.known_from)


def _further(stored: Stored, news: News) -> int:
    """The same by the stage of life; 0 where that does not tell."""
    life = LIFE_CYCLES[news.type]
    mine, theirs = life.stage(stored.data), life.stage(news.data)
    return 0 if mine is None or theirs is None else (theirs > mine) - (theirs < mine)


def _contradiction(stored: Stored, news: News, time: int) -> Verdict:
    """The seconds say one thing and the stages of life another: some clock of Stripe's was behind.

    An answer is written down, so that who asked sees what was done, and checked; an event is read.
    """
    if news.known.event_id is not None:
        return Verdict(Decision.READ, stored.states)
    return _shown(stored, news, 1) if time > 0 else _trusted(stored, news)


def _shown(stored: Stored, news: News, order: int) -> Verdict:
    if order < 0:
        return Verdict(Decision.SKIP, stored.states)
    if _later(stored, news) > 0:
        return Verdict(Decision.APPLY, _begun(news))
    return Verdict(Decision.APPLY, _continued(stored, news), stored.doubted)


def _trusted(stored: Stored, news: News) -> Verdict:
    """The states before stay in the chain: an event that leads back to one of them must not follow unread."""
    return Verdict(Decision.TRUST, (*stored.states, GAP, news.state), doubted=True)


def _continued(stored: Stored, news: News) -> tuple[str, ...]:
    if news.earlier == stored.states[-1]:
        return (*stored.states, news.state)
    return (*stored.states, GAP, *_begun(news))


def _tie(stored: Stored, news: News) -> Verdict:
    if news.state == stored.states[-1]:
        return _same_state(stored, news)
    ranked = LIFE_CYCLES[news.type].order(stored.event_type, news.known.event_type)
    if news.known.event_id is None:
        is_alone = len(stored.states) == 1
        return _shown(stored, news, 1) if ranked > 0 and is_alone else _trusted(stored, news)
    linked = _linked(stored, news)
    if linked == -1 and news.earlier is not None:
        return Verdict(Decision.SKIP, (news.earlier, *stored.states))
    if linked is None or not (linked or ranked):
        return Verdict(Decision.READ, stored.states)
    return _shown(stored, news, linked or ranked)


def _linked(stored: Stored, news: News) -> int | None:
    """1 where the news begin as the chain ends, -1 where they end as it begins, 0 where neither is so.

    None where the chain would come back to a state: then it says nothing about the order.
    """
    visited = news.state in stored.states
    if news.earlier is None:
        return -1 if visited else 0
    if news.earlier == stored.states[-1]:
        return None if visited else 1
    if not visited:
        return 0
    return -1 if news.state == stored.states[0] and news.earlier not in stored.states else None


def _same_state(stored: Stored, news: News) -> Verdict:
    """Nothing to write, unless it was told twice in the same words: then there may have been a way back in between."""
    same_words = news.known.event_type is not None and news.known.event_type == stored.event_type
    if news.earlier is None:
        life = LIFE_CYCLES[news.type]
        once = life.is_final(news.data) or news.known.event_type in life.births
        return Verdict(Decision.READ if same_words and not once else Decision.SKIP, stored.states)
    *before, current = stored.states
    if not before or (before[-1] == GAP and news.earlier not in before):
        return Verdict(Decision.SKIP, (*before, news.earlier, current))
    explained = news.earlier in before[-1:] and not same_words
    closes_gap = before[-1] == GAP and news.earlier == before[-2]
    return Verdict(Decision.SKIP if explained or closes_gap else Decision.READ, stored.states)
