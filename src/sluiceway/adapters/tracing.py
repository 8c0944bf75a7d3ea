"""Traces through OpenTelemetry, when the `otel` extra is installed and an exporter is configured.

Configured by OpenTelemetry's own environment variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`,
...). Source: OpenTelemetry specification, "Environment Variable Specification".
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sluiceway.errors import InvalidInputError
from sluiceway.ports.tracing import NoTracer, Tracer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class OtelTracer:
    """Spans of one provider; the caller shuts the provider down."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("sluiceway")

    @contextmanager
    def span(self, name: str, **attributes: str | int | float | bool) -> Generator[object]:
        """See `Tracer.span`."""
        with self._tracer.start_as_current_span(name, attributes=attributes) as span:
            yield span

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def tracer_from(environ: Mapping[str, str] = os.environ) -> Tracer:
    """Return a tracer that exports where the environment says, or one that does nothing.

    Raises InvalidInputError when an exporter is asked for and the `otel` extra is missing.
    """
    asked = next((name for name in _ENDPOINTS if environ.get(name)), "")
    if not asked:
        return NoTracer()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as failure:
        raise InvalidInputError(
            f"{asked} asks for traces, which need `pip install 'sluiceway[otel]'`; do that or unset {asked}"
        ) from failure
    resource = Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME", "sluiceway")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelTracer(provider)
