"""What can become of one life on its way: within which seconds it was told, what came twice, late, or besides."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from billing.mirror.news import News
from tests.billing.orders.recording import Recorded, within
from tests.billing.orders.walking import Delivery, Told, answer

START = 1_800_000_000


def pieces(recordings: Iterable[Recorded], longest: int) -> list[tuple[News, ...]]:
    """The recorded lives, and of those with more events than `longest` every so many that follow each other.

    Each once that differs from the others by its events' types, or by whether they tell what was before.
    """
    lives = [life.of(stripe_id) for life in recordings for stripe_id in life.objects]
    cut = [life[at : at + longest] for life in lives for at in range(max(1, len(life) - longest + 1))]
    shapes = {tuple((each.known.event_type, each.earlier is None) for each in piece): piece for piece in cut}
    return list(shapes.values())


def timings(events: Sequence[News]) -> Iterator[tuple[News, ...]]:
    """As recorded; all within one second; within two, at every split."""
    yield tuple(events)
    for later in range(len(events)):
        yield within(events, [START] * (len(events) - later) + [START + 1] * later)


def duplicated(events: Sequence[News]) -> Iterator[Told]:
    """Any one event comes twice; what cannot be put in order is read while the rest has yet to happen, or after it."""
    for told in timings(events):
        yield Told(told, again=1, read_early=True)


def swept(events: Sequence[News]) -> Iterator[Told]:
    """One event, or every one, is lost and found by the sweep, in another version of the API: only a hint."""
    lost = [frozenset({at}) for at in range(len(events))]
    for told in timings(events):
        for hints in [*lost, frozenset(range(len(events)))]:
            yield Told(told, hints=hints)


def answered(events: Sequence[News]) -> Iterator[Told]:
    """The API answers at some moment, and we learn of that whenever; the call took no time, or a second or two."""
    for told in timings(events):
        for each in answers(told):
            yield Told(told, answers=(each,), read_early=True)


def answers(told: Sequence[News]) -> Iterator[Delivery]:
    """Of the object as after each event, in the second of that event or of the next."""
    following = [*(after.known.known_from for _, after in pairwise(told)), told[-1].known.known_from + 1]
    for happened, (news, until) in enumerate(zip(told, following, strict=True), 1):
        for second in sorted({news.known.known_from, until}):
            yield answer(news, second, second, happened)
            yield answer(news, second - 1, second + 1, happened)


def once(events: Sequence[News]) -> Iterator[Told]:
    """Each event once: as recorded, and all within one second."""
    recorded, tied, *_ = timings(events)
    yield Told(recorded)
    yield Told(tied)


VARIANTS = (duplicated, swept, answered)
