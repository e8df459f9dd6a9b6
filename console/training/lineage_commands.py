"""``lineage``: from a prediction or a version back to the files."""

import json
from typing import Annotated

import typer

from console import ui
from console.cloud.session import find_cloud
from console.options import Json, TargetOption


def lineage(
    name: Annotated[
        str, typer.Argument(help="A model version, or the id of a prediction or request.", show_default=False)
    ],
    openlineage: Annotated[
        bool, typer.Option("--openlineage", help="Print OpenLineage's events instead, one JSON a line.")
    ] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Show which model made a prediction, which training set made the model, and which files the table.

    What cannot be told from what is kept stands under `unknown`.

    Example: bikecast lineage 3
    """
    from console.training.lineage import lineage as trace_back
    from console.training.lineage import places
    from console.training.openlineage import events

    cloud = find_cloud(target)
    result = trace_back(cloud, name)
    if openlineage:
        for event in events(result, places(cloud)):
            print(json.dumps(event))
        return
    ui.show(result, as_json=as_json, table=lambda: ui.to_json(result))
