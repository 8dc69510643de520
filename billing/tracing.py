"""Spans, for whoever has installed OpenTelemetry and said where to send them; for everybody else nothing at all.

One event of Stripe's is one trace, whichever processes store and apply it: its id is a digest of the event's, so that
nothing has to be handed on, and anybody who has the event's id can look its trace up.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Engine, event

Attributes = Mapping[str, str | int | float | bool]


class Nothing:
    """A span that nobody looks at."""

    def set_attributes(self, attributes: Attributes) -> None:
        """Forgets them."""

    def update_name(self, name: str) -> None:
        """Forgets it."""


NOTHING = Nothing()
_tracer: Any = None


def install(provider: Any) -> None:
    """From now on spans go to this provider of OpenTelemetry's, those of SQL included; None ends that."""
    global _tracer  # noqa: PLW0603 - one process, one tracer, as OpenTelemetry's own
    if _tracer is None and provider is not None:
        event.listen(Engine, "before_cursor_execute", _before_sql)
        event.listen(Engine, "after_cursor_execute", _after_sql)
        event.listen(Engine, "handle_error", _after_failed_sql)
    elif _tracer is not None and provider is None:
        event.remove(Engine, "before_cursor_execute", _before_sql)
        event.remove(Engine, "after_cursor_execute", _after_sql)
        event.remove(Engine, "handle_error", _after_failed_sql)
    _tracer = provider and provider.get_tracer("assent")


def span(
    name: str,
    attributes: Attributes | None = None,
    *,
    caller: Mapping[str, str] | None = None,
    events: Sequence[str] = (),
) -> AbstractContextManager[Any]:
    """A span around a block. A failure is told by its class: messages may hold what is nobody else's business.

    `caller` is the headers of the request that it answers; `events` are Stripe's ids of what it is about, and it is in
    the trace of the first.
    """
    if _tracer is None:
        return nullcontext(NOTHING)
    return _span(name, attributes, caller, events)


@contextmanager
def _span(
    name: str, attributes: Attributes | None, caller: Mapping[str, str] | None, events: Sequence[str]
) -> Iterator[Any]:
    from opentelemetry import propagate, trace  # noqa: PLC0415 - an extra

    context = propagate.extract(caller) if caller else None
    kind = trace.SpanKind.SERVER if caller is not None else trace.SpanKind.INTERNAL
    links = []
    if events:
        here = trace.get_current_span().get_span_context()
        first, *others = [_context_of(each) for each in events]
        context = trace.set_span_in_context(trace.NonRecordingSpan(first))
        links = [trace.Link(each) for each in ([here] if here.is_valid else []) + others]
    with _tracer.start_as_current_span(
        name,
        context,
        kind,
        attributes,
        links,
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise


def trace_id(stripe_event: str) -> str:
    """Under which an event's trace is found."""
    return hashlib.sha256(stripe_event.encode()).hexdigest()[:32]


def _context_of(stripe_event: str) -> Any:
    from opentelemetry import trace  # noqa: PLC0415 - an extra

    digest = hashlib.sha256(stripe_event.encode()).hexdigest()
    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    return trace.SpanContext(int(digest[:32], 16), int(digest[32:48], 16), is_remote=True, trace_flags=sampled)


def _before_sql(connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    """Parameters are customers' values, and stay here."""
    attributes = {"db.system.name": connection.dialect.name, "db.query.text": statement}
    if context is not None:
        context.assent_span = _tracer.start_span(statement.split(None, 1)[0].upper(), attributes=attributes)


def _after_sql(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    _end(context)


def _after_failed_sql(failure: Any) -> None:
    _end(failure.execution_context)


def _end(context: Any) -> None:
    opened = getattr(context, "assent_span", None)
    if opened is not None:
        opened.end()
