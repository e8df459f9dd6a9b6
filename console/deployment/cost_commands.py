"""``cost``: an estimate of the monthly bill on AWS."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group

from console import ui
from console.cloud.session import find_cloud
from console.options import Json, TargetOption


def cost(
    predictions: Annotated[int, typer.Option(min=0, help="Calls of the API in a month.")] = 100_000,
    container_hours: Annotated[
        float | None,
        typer.Option(
            help="Hours of container steps; what ran in the last 30 days if absent.", show_default=False
        ),
    ] = None,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Estimate a month's bill on AWS from the deployed stacks, with every assumption it rests on.

    Example: bikecast cost --predictions 1000000 --container-hours 40
    """
    from console.deployment.costs import (
        Use,
        assumptions,
        estimate,
        read_templates,
        use_of_last_month,
    )

    cloud = find_cloud(target)
    if container_hours is None:
        use = use_of_last_month(cloud, predictions=predictions)
    else:
        use = Use(container_hours, predictions)
    lines = estimate(read_templates(cloud), use=use)
    total = round(sum(line.usd for line in lines), 2)
    assumed = assumptions(use, measured=container_hours is None)
    result = {"usd_a_month": total, "items": [asdict(line) for line in lines], "assumptions": assumed}
    rows = [{**asdict(line), "usd": f"{line.usd:,.2f}"} for line in lines]
    told = [f"about {total:,.2f} USD a month", "", "assumed:", *(f"  {sentence}" for sentence in assumed)]
    ui.show(result, as_json=as_json, table=lambda: Group(ui.rows_table(rows), "", *told))
