"""Traces: where they go is the environment's choice, and nothing is traced unasked."""

from __future__ import annotations

import sys

import pytest

from sluiceway.adapters.tracing import OtelTracer, tracer_from
from sluiceway.errors import InvalidInputError
from sluiceway.ports.tracing import NoTracer


def test_without_an_endpoint_nothing_is_traced() -> None:
    assert isinstance(tracer_from({}), NoTracer)


def test_a_span_carries_its_attributes_and_a_failure_marks_it() -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace", reason="the otel extra is not installed")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    exporter = memory.InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    tracer = OtelTracer(provider)

    with pytest.raises(RuntimeError), tracer.span("effect", rollout="r1", gen=3):
        raise RuntimeError("refused")
    tracer.close()

    (span,) = exporter.get_finished_spans()
    assert (span.name, dict(span.attributes)) == ("effect", {"rollout": "r1", "gen": 3})
    assert not span.status.is_ok


def test_an_endpoint_without_the_extra_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(InvalidInputError, match=r"sluiceway\[otel\]"):
        tracer_from({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
