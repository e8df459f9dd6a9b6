"""``trace``: what a request or an execution caused, and how long each part took."""

from typing import Annotated

import typer
from rich.table import Table

from bikecast.names import Target
from console import ui
from console.cloud.session import find_cloud, local_settings
from console.cloud.traces import KeptSpan, find_trace
from console.options import Json


def trace(
    name: Annotated[
        str,
        typer.Argument(
            help="Id of a request or prediction, an execution, or a trace id.", show_default=False
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show the trace of a request to its stored row, or of an execution through its steps.

    The embedded cloud keeps traces once the stacks are deployed with `bikecast deploy --traces embedded`;
    elsewhere they are where the collector sends them.

    Example: bikecast trace 6e4b5a0a-5d6f-4b0e-9a39-0c8a5c2f8f11
    """
    find_cloud(Target.EMBEDDED)
    spans = find_trace(local_settings().traces_file, name)
    ui.show([vars(span) for span in spans], as_json=as_json, table=lambda: _table(spans))


def _table(spans: list[KeptSpan]) -> Table:
    table = Table("span", "service", "ms", "what is known", title=f"trace {spans[0].trace_id}")
    for span in spans:
        # Names with a dot are OpenTelemetry's own; `--json` has them all.
        known = ", ".join(
            f"{key}={value}" for key, value in sorted(span.attributes.items()) if "." not in key
        )
        failed = "failed: " if span.failed else ""
        table.add_row("  " * span.depth + span.name, span.service, f"{span.ms:.1f}", failed + known)
    return table
