"""Traces by OpenTelemetry where an address to export to is named; elsewhere nothing of it is imported.

A trace follows a request to the stored row, and an execution through its steps. Between processes it is
carried as a W3C ``traceparent``: in a header, in a message's attributes, or made from an execution's name.
FastAPI makes the span of each request itself once ``start`` has run.
"""

import functools
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from bikecast.tracing.spans import Spans

TRACEPARENT = "traceparent"
Kind = Literal["internal", "server", "client", "producer", "consumer"]
Attribute = str | int | float | bool


class TracingSettings(BaseSettings):
    """Where traces go, by OpenTelemetry's own variable; its SDK reads its others itself."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    otel_exporter_otlp_endpoint: str | None = None


@functools.cache
def _spans() -> "Spans | None":
    if not TracingSettings().otel_exporter_otlp_endpoint:
        return None
    from bikecast.tracing.spans import Spans

    return Spans()


def is_on() -> bool:
    """Tell whether traces are exported."""
    return _spans() is not None


def start() -> None:
    """Set tracing up, if it is on, before the first span."""
    _spans()


def span(
    name: str, *, kind: Kind = "internal", parent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[object]:
    """Return a context whose duration and failure become a span.

    Args:
        name: What is done; the same for every call, for traces are grouped by it.
        kind: Its role between processes.
        parent: ``traceparent`` of the span that caused it; without it the one around it.
        attributes: What is known of this call.
    """
    spans = _spans()
    return (
        nullcontext() if spans is None else spans.span(name, kind=kind, parent=parent, attributes=attributes)
    )


def note(**attributes: Attribute) -> None:
    """Add what became known to the span around this call."""
    if (spans := _spans()) is not None:
        spans.note(attributes)


def traceparent() -> str | None:
    """Return what continues this trace in another process."""
    spans = _spans()
    return None if spans is None else spans.traceparent()


def traceparent_of_execution(name: str) -> str:
    """Return the parent of all steps of an execution: it is made from the name, so nobody has to carry it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def message_attributes(parent: str | None) -> dict[str, Any]:
    """Return the argument of a call to SQS that sends a message on with its trace; empty without one."""
    if parent is None:
        return {}
    return {"MessageAttributes": {TRACEPARENT: {"DataType": "String", "StringValue": parent}}}


def flush() -> None:
    """Export the spans that are done, for a process that may be frozen next; waits a few seconds at most."""
    if (spans := _spans()) is not None:
        spans.flush()


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def flushed(handler: Handler) -> Handler:
    """Let a function export its spans before it answers."""

    @functools.wraps(handler)
    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            return handler(event, context)
        finally:
            flush()

    return handle


__all__ = [
    "TRACEPARENT",
    "flush",
    "flushed",
    "is_on",
    "message_attributes",
    "note",
    "span",
    "start",
    "traceparent",
    "traceparent_of_execution",
]
