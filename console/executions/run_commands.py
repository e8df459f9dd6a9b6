"""``runs``, ``stop``, ``approve`` and ``reject``: executions, and those that wait for approval."""

from typing import Annotated, Any

import typer
from rich.console import Group

from console import ui
from console.cloud.session import find_cloud
from console.executions.approvals import ApprovalAnswer, answer
from console.executions.runs import find_run, list_runs, stop_run
from console.options import Json, TargetOption

Named = Annotated[
    str | None,
    typer.Argument(help="Name of the training; needed only when several wait.", show_default=False),
]
Reason = Annotated[
    str | None, typer.Option(help="Why; it stands in the decision record.", show_default=False)
]


def runs(
    name: Annotated[
        str | None, typer.Argument(help="One execution, with its states.", show_default=False)
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="train, ingest, monitor or operate.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Watch the named one to its end.")] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """List the newest executions, or show one: its states, how long each took, and why it failed.

    Examples: bikecast runs --kind train, bikecast runs train-20250401T083000-1f3a --follow
    """
    from console.executions.following import watch

    cloud = find_cloud(target)
    if name is None:
        rows = list_runs(cloud, limit=limit, kind=kind)
        ui.show(rows, as_json=as_json, table=lambda: ui.rows_table([_named(row) for row in rows]))
        return
    found = find_run(cloud, name)
    execution = watch(cloud, found.arn, title=found.name) if follow else found
    result = execution.describe()
    ui.show(result, as_json=as_json, table=lambda: _details(result))


def stop(
    name: Annotated[str, typer.Argument(help="The execution, as `bikecast runs` lists it.")],
    reason: Annotated[
        str, typer.Option(help="Why; it stands in the execution as its cause.")
    ] = "asked for by a person",
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """End an execution that is under way, such as a training that takes too long.

    Example: bikecast stop train-20250401T083000-1f3a --reason "wrong dates"
    """
    result = stop_run(find_cloud(target), name, reason=reason)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def approve(
    execution: Named = None, reason: Reason = None, target: TargetOption = None, as_json: Json = False
) -> None:
    """Let a training that waits for a person promote its model.

    Example: bikecast approve --reason "checked the winter weeks"
    """
    result = answer(find_cloud(target), ApprovalAnswer.APPROVE, execution=execution, reason=reason)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def reject(
    execution: Named = None, reason: Reason = None, target: TargetOption = None, as_json: Json = False
) -> None:
    """Refuse the model of a training that waits for a person; the champion stays.

    Example: bikecast reject --reason "trained on a week of broken sensors"
    """
    result = answer(find_cloud(target), ApprovalAnswer.REJECT, execution=execution, reason=reason)
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out the ARN: a table has no room for it, and every command takes the name."""
    return {key: value for key, value in row.items() if key != "execution"}


def _details(result: dict[str, Any]) -> Group:
    facts = {key: value for key, value in result.items() if key not in ("states", "output")}
    return Group(ui.pairs_table(facts), "", ui.rows_table(result["states"]))
