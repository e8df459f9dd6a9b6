"""``use-cases``: the use cases of this clone at a glance."""

from typing import Any

from bikecast.errors import DeploymentError
from bikecast.names import Target
from console import ui
from console.cloud.glance import glances, line
from console.cloud.session import find_cloud
from console.options import Json, TargetOption
from console.use_cases import use_case_rows


def use_cases(target: TargetOption = None, as_json: Json = False) -> None:
    """List the use cases: whether deployed, champion and its score, last verdict, open incidents, promotion.

    Example: bikecast use-cases, then bikecast --use-case obesity deploy
    """
    rows, states = use_case_rows(), _states(target)
    rows = [row | states.get(row["name"], {}) for row in rows]
    ui.show(
        rows, as_json=as_json, table=lambda: ui.rows_table([line(row) if states else row for row in rows])
    )


def _states(target: Target | None) -> dict[str, dict[str, Any]]:
    try:
        cloud = find_cloud(target)
    except DeploymentError as err:
        ui.note(f"{err}")
        return {}
    return glances(cloud, [row["name"] for row in use_case_rows()])
