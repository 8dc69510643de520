"""Sends spans where OTEL_EXPORTER_OTLP_ENDPOINT says, if it says so; OpenTelemetry's own settings hold for the rest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from billing import tracing
from billing.settings import CannotStart

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def exporting(service: str) -> Iterator[None]:
    """Traces what happens within, and sends the last spans at its end. Raises CannotStart without the extra."""
    if not any(os.environ.get(name) for name in ENDPOINTS):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise CannotStart(
            "OTEL_EXPORTER_OTLP_ENDPOINT: OpenTelemetry is not installed; run `make otel`, or unset it."
        ) from None
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracing.install(provider)
    try:
        yield
    finally:
        tracing.install(None)
        provider.shutdown()
