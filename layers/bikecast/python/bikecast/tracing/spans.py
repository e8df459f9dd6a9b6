"""Spans of OpenTelemetry's SDK, exported by OTLP over HTTP; imported only where traces are exported."""

import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# A collector that does not answer must not hold up a function for longer.
EXPORT_TIMEOUT_S = 2
PROPAGATOR = TraceContextTextMapPropagator()


class SystemIds(IdGenerator):
    """Ids from the operating system: functions restored from one snapshot would share ``random``'s state."""

    def generate_span_id(self) -> int:
        return secrets.randbits(64) or 1

    def generate_trace_id(self) -> int:
        return secrets.randbits(128) or 1

    def is_trace_id_random(self) -> bool:
        return True


class Spans:
    """The spans of this process; log records made within one name it."""

    def __init__(self) -> None:
        self._provider = TracerProvider(id_generator=SystemIds())
        exporter = OTLPSpanExporter(timeout=EXPORT_TIMEOUT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(self._provider)
        self._tracer = self._provider.get_tracer("bikecast")
        logging.setLogRecordFactory(_naming_span(logging.getLogRecordFactory()))

    def span(
        self, name: str, *, kind: str, parent: str | None, attributes: Mapping[str, Any]
    ) -> AbstractContextManager[object]:
        """Return a context whose duration and failure become a span."""
        context = None if parent is None else PROPAGATOR.extract({"traceparent": parent})
        return self._tracer.start_as_current_span(
            name, context=context, kind=SpanKind[kind.upper()], attributes=attributes
        )

    def note(self, attributes: Mapping[str, Any]) -> None:
        """Add attributes to the current span."""
        trace.get_current_span().set_attributes(attributes)

    def traceparent(self) -> str | None:
        """Return the current span as a W3C ``traceparent``."""
        carrier: dict[str, str] = {}
        PROPAGATOR.inject(carrier)
        return carrier.get("traceparent")

    def flush(self) -> None:
        """Export what is done."""
        self._provider.force_flush(timeout_millis=EXPORT_TIMEOUT_S * 1000)


def _naming_span(make: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def make_named(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = make(*arguments, **options)
        current = trace.get_current_span().get_span_context()
        if current.is_valid:
            record.trace_id, record.span_id = f"{current.trace_id:032x}", f"{current.span_id:016x}"
        return record

    return make_named
