"""``decisions``: why a model was promoted or rejected."""

from typing import Annotated

import typer

from console import ui
from console.cloud.session import find_cloud
from console.options import Json, TargetOption
from console.training.decisions import decision_row, read_decision, read_decisions


def decisions(
    execution: Annotated[
        str | None, typer.Argument(help="One training, with its whole record.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """List what was decided about models and why, newest first; each decision can be read for years.

    Examples: bikecast decisions, bikecast decisions train-20250401T083000-1f3a
    """
    cloud = find_cloud(target)
    if execution is None:
        records = read_decisions(cloud, limit=limit)
        rows = [decision_row(record) for record in records]
        none = "no decisions yet: `bikecast train` makes the first"
        ui.show(records, as_json=as_json, table=lambda: ui.rows_table(rows) if rows else none)
        return
    record = read_decision(cloud, execution)
    ui.show(record, as_json=as_json, table=lambda: ui.to_json(record))
