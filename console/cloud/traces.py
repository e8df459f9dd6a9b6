"""The traces that the embedded cloud keeps: the spans of one request or execution, as a tree."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bikecast.errors import InputError
from bikecast.tracing import traceparent_of_execution

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

NS_A_MS = 1e6
REQUEST = "request_id"


@dataclass(frozen=True)
class KeptSpan:
    """One span, and how deep in its tree it is."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    started_at: dt.datetime
    ms: float
    failed: bool
    attributes: dict[str, Any]
    depth: int = 0


def find_trace(file: Path, name: str) -> list[KeptSpan]:
    """Return the spans of a request, a prediction, an execution or a trace id, each below its parent.

    Raises:
        InputError: None is kept.
    """
    spans = list(read_spans(file)) if file.exists() else []
    of_execution = traceparent_of_execution(name.rsplit(":", 1)[-1]).split("-")[1]
    requests = {name, name.rpartition("-")[0]} - {""}  # a prediction's id is its request's, and a number
    wanted = {span.trace_id for span in spans if span.attributes.get(REQUEST) in requests}
    found = [span for span in spans if span.trace_id in wanted | {name, of_execution}]
    if not found:
        raise InputError(
            f"no span of {name!r} is kept: they arrive within seconds, if the stacks were deployed with "
            "`bikecast deploy --traces embedded`"
        )
    return list(_nested(sorted(found, key=lambda span: span.started_at)))


def read_spans(file: Path) -> Iterator[KeptSpan]:
    """Yield every span of a file that holds an OTLP export."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for resource in ExportTraceServiceRequest.FromString(file.read_bytes()).resource_spans:
        about = {each.key: _value(each.value) for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _kept(span, service=str(about.get("service.name", "")))


def _kept(span: "Span", *, service: str) -> KeptSpan:
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    return KeptSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        started_at=dt.datetime.fromtimestamp(span.start_time_unix_nano / 1e9, dt.UTC),
        ms=round((span.end_time_unix_nano - span.start_time_unix_nano) / NS_A_MS, 3),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes={each.key: _value(each.value) for each in span.attributes},
    )


def _value(value: "AnyValue") -> Any:
    kind = value.WhichOneof("value")
    return None if kind is None else getattr(value, kind)


def _nested(spans: Iterable[KeptSpan]) -> Iterator[KeptSpan]:
    """Yield each span after its parent; those whose parent is not kept are roots."""
    known = {span.span_id: span for span in spans}
    below: dict[str, list[KeptSpan]] = {}
    for span in known.values():
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    waiting = [(span, 0) for span in reversed(below.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        yield KeptSpan(**(vars(span) | {"depth": depth}))
        waiting += [(child, depth + 1) for child in reversed(below.get(span.span_id, []))]
