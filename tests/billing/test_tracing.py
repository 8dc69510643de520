"""Traces: one of Stripe's events is one trace, from its delivery to the rows that it wrote, whoever did what."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from billing import tracing
from billing.applier import apply_due
from billing.errors import StripeRejected
from billing.runtime import Runtime
from billing.stripe_gateway import Request
from tests.billing.applying import a_product, put, soon
from tests.running_sandbox import ROOT


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is traced in this test."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.install(provider)
    yield exporter
    tracing.install(None)


def in_trace(spans: InMemorySpanExporter, event: str) -> list[ReadableSpan]:
    found = spans.get_finished_spans()
    return [span for span in found if span.context and f"{span.context.trace_id:032x}" == tracing.trace_id(event)]


async def test_an_event_is_one_trace_down_to_the_statements_that_wrote_its_row(
    runtime: Runtime, spans: InMemorySpanExporter
) -> None:
    told = a_product(101, "a private name", before="zero")
    await put(runtime, told)
    await apply_due(runtime, now=soon(runtime))
    traced = in_trace(spans, told["id"])
    [applied] = [span for span in traced if span.name == "apply stripe event"]
    assert applied.context is not None
    written = [
        span
        for span in traced
        if span.parent and span.parent.span_id == applied.context.span_id and span.name in ("INSERT", "UPDATE")
    ]
    assert any("products" in str((span.attributes or {})["db.query.text"]) for span in written)
    assert "a private name" not in json.dumps([json.loads(span.to_json()) for span in spans.get_finished_spans()])


async def test_a_call_to_stripe_that_fails_is_a_span_without_its_message(
    runtime: Runtime, spans: InMemorySpanExporter
) -> None:
    with tracing.span("outer"), pytest.raises(StripeRejected):
        await runtime.gateway.send(Request("get", "/v1/customers/cus_of_nobody", {}))
    call, outer = spans.get_finished_spans()
    assert (call.name, call.status.description) == ("stripe get /v1/customers/{id}", "StripeRejected")
    assert call.parent is not None
    assert outer.context is not None
    assert call.parent.span_id == outer.context.span_id
    assert "cus_of_nobody" not in call.to_json()


def test_without_a_provider_a_span_is_nothing() -> None:
    with tracing.span("anything", events=["evt_1"]) as span:
        assert span is tracing.NOTHING


def test_a_server_without_the_extra_imports_none_of_it() -> None:
    program = "import sys, api.cli; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
