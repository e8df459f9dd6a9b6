"""``monitor``, ``incidents``, ``close`` and ``resume``: the monitor's state, and what a person can change."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from bikecast.errors import InputError
from console import ui
from console.cloud.session import find_cloud
from console.exit_codes import ExitCode
from console.monitoring.monitor import (
    close_incident,
    incident_row,
    read_summary,
    resume_automation,
    window_row,
)
from console.monitoring.selftest import self_test as run_self_test
from console.options import Json, TargetOption

WINDOWS_SHOWN = 12

monitor = typer.Typer(
    name="monitor",
    no_args_is_help=True,
    help="The drift monitor: its last results, and its self-test.",
)

Refresh = Annotated[
    bool, typer.Option("--refresh", help="Ask the database now instead of showing what was last written.")
]


@monitor.command("show")
def show(refresh: Refresh = False, target: TargetOption = None, as_json: Json = False) -> None:
    """Show the monitor's last windows, the champion's limits and whether the automation is paused.

    Example: bikecast monitor show --json | jq .automation
    """
    summary = read_summary(find_cloud(target), refresh=refresh)
    ui.show(summary, as_json=as_json, table=lambda: _overview(summary))


@monitor.command("self-test")
def self_test(
    seeds: Annotated[int, typer.Option(min=1, help="How often, each time with other rows.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder with files of a declared use case; simulated ones if absent.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Inject the shifts of the use case into rows that its model never saw, and see which are found.

    Ends with 1 if one is missed, or if more alarms come without a shift than the monitor's rate allows.

    Examples: bikecast monitor self-test --seeds 3,
    bikecast --use-case obesity monitor self-test --data ~/persons
    """
    with ui.activity("self-test") as current:
        result = run_self_test(data, seeds=tuple(range(42, 42 + seeds)), progress=current.update)
        current.update(f"{result.found} of {result.injected} found, {result.false_alarms} false alarms")
    ui.show(result, as_json=as_json, table=lambda: _self_test_tables(result.model_dump()))
    if not result.passed:
        raise typer.Exit(ExitCode.FAILED)


def incidents(refresh: Refresh = False, target: TargetOption = None, as_json: Json = False) -> None:
    """List the incidents that the monitor opened, open ones first.

    Example: bikecast incidents --refresh
    """
    found = read_summary(find_cloud(target), refresh=refresh)["incidents"]
    rows = [incident_row(incident) for incident in found]
    ui.show(found, as_json=as_json, table=lambda: ui.rows_table(rows) if rows else "no incidents")


def resume(
    reason: Annotated[str, typer.Option(help="Why the automation may go on; it is kept.")],
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Let the automation promote again after the monitor paused it, and close the incident behind it.

    Ends with 4 if nothing was paused.

    Example: bikecast resume --reason "the broken weather station was replaced"
    """
    if not reason.strip():
        raise InputError("--reason: say why the automation may go on")
    result = resume_automation(find_cloud(target), reason=reason)
    said = "models may be promoted again" if result["resumed"] else "promotion is not paused"
    ui.show(result, as_json=as_json, table=lambda: said)
    if not result["resumed"]:
        raise typer.Exit(ExitCode.NOT_PAUSED)


def close(
    incident: Annotated[str, typer.Argument(help="The incident's id, as `bikecast incidents` lists it.")],
    reason: Annotated[str, typer.Option(help="Why it is over; it is kept.")],
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Close one open incident by hand; a pause that it caused stays until `bikecast resume`.

    Example: bikecast close 0f3c9a12b45d6e78 --reason "the sensor was replaced"
    """
    if not reason.strip():
        raise InputError("--reason: say why the incident is over")
    result = close_incident(find_cloud(target), incident, reason=reason)
    ui.show(result, as_json=as_json, table=lambda: f"incident {incident} is closed")


def _overview(summary: dict[str, Any]) -> RenderableType:
    automation = summary["automation"]
    champion = summary["champion"] or {}
    facts = {
        "champion": champion.get("version"),
        "automation": f"PAUSED: {automation.get('reason')}" if automation["paused"] else "runs",
        "open incidents": sum(incident["status"] == "open" for incident in summary["incidents"]),
        "as of": summary["generated_at"],
    }
    metric = summary.get("metric")
    rows = [window_row(window, metric=metric) for window in summary["windows"][:WINDOWS_SHOWN]]
    return Group(ui.pairs_table(facts), "", ui.rows_table(rows, title="newest windows"))


def _self_test_tables(result: dict[str, Any]) -> RenderableType:
    rows = [
        {
            "shift": trial["shift"],
            "rows a window": trial["rows_a_window"],
            "found": "yes" if trial["found"] else "no",
            "after windows": trial["windows_needed"],
            "by": ", ".join(trial["by"]) or "-",
        }
        for trial in result["rows"]
    ]
    facts = {
        "found": f"{result['found']} of {result['injected']} shifts, "
        f"within {result['within_windows']} windows",
        "missed": result["missed"],
        "false alarms": f"{result['false_alarms']} in {result['null_trials']} trials without a shift; "
        f"{result['allowed_false_alarms']:.0f} are allowed",
    }
    return Group(ui.rows_table(rows), "", ui.pairs_table(facts))
