"""``up``, ``down``, ``pages``, ``env``, ``status``: the embedded cloud of this clone."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Group

from bikecast.names import Step, Target
from console import ui
from console.cloud.outputs import read_stacks
from console.cloud.session import find_cloud, local_settings, running_connection, start_cloud
from console.executions.operations import operate
from console.executions.runs import list_running
from console.exit_codes import ExitCode
from console.options import Json, TargetOption
from console.pages.services import reopen_pages, service_urls, start_pages


def up(
    https: Annotated[
        bool | None,
        typer.Option(help="Answer over TLS as well, on port 4567; as at the last start if neither is given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the embedded cloud: emulator, container engine, database, and the pages that were open before.

    Needs no Docker and no account. What ran when it stopped goes on. Ports and --https are remembered;
    set others with variables, for example:
    BIKECAST_LOCAL_PORT=4599 bikecast up
    """
    connection = start_cloud(https=https)
    cloud = find_cloud(Target.EMBEDDED)
    reopen_pages(cloud)
    for name in list_running(cloud):
        ui.note(f"{name} is under way, or goes on: `bikecast runs` shows it")
    result = {"endpoint_url": connection.endpoint_url, "region": connection.region, **service_urls()}
    if connection.https_url:
        result |= {"https_url": connection.https_url, "ca_file": str(connection.ca_file)}
    ui.show(result, as_json=as_json, table=lambda: ui.pairs_table(result))


def down(as_json: Json = False) -> None:
    """Stop everything that this clone started; the state stays for the next `bikecast up`."""
    from local_cloud.supervisor import stop

    with ui.activity("stopping") as current:
        stopped = stop(local_settings(), say=current.step)
    message = "everything of this clone is stopped" if stopped else "nothing was running"
    ui.show({"stopped": stopped}, as_json=as_json, table=lambda: message)


def pages(as_json: Json = False) -> None:
    """Open MLflow and Evidently beside the embedded cloud, up to date, and show their addresses.

    Example: bikecast pages
    """
    cloud = find_cloud(Target.EMBEDDED)
    operate(cloud, Step.MIGRATE, payload={})  # before the first load there are no schemas
    start_pages(cloud)
    urls = service_urls()
    ui.show(urls, as_json=as_json, table=lambda: ui.pairs_table(urls))


def env(as_json: Json = False) -> None:
    """Print the variables with which cdklocal, the AWS command line and any SDK reach the embedded cloud.

    Example: eval "$(bikecast env)", then: aws stepfunctions list-state-machines

    They hold the administrator's credentials of this clone's cloud, which exist nowhere else.
    """
    from console.cloud.environment import client_environment, shell_lines

    variables = client_environment()
    print(ui.to_json(variables) if as_json else shell_lines(variables))


def status(target: TargetOption = None, as_json: Json = False) -> None:
    """Show what runs on this machine and which stacks are deployed; ends with 3 if nothing runs.

    Example: bikecast status --json | jq '.stacks[].status'
    """
    from local_cloud.supervisor import status as components

    processes = [asdict(component) for component in components(local_settings())]
    remote = target not in (None, Target.EMBEDDED)
    cloud = find_cloud(target) if remote or running_connection() else None
    stacks = [stack.describe() for stack in read_stacks(cloud.cloudformation)] if cloud else []
    result = {"target": cloud.target if cloud else None, "processes": processes, "stacks": stacks}
    parts = [
        ui.rows_table(rows, title=title)
        for title, rows in (("processes", processes), ("stacks", stacks))
        if rows
    ]
    said = [] if cloud else ["no embedded cloud runs here: `bikecast up` starts it"]
    ui.show(result, as_json=as_json, table=lambda: Group(*said, *parts))
    if cloud is None:
        raise typer.Exit(ExitCode.NO_CLOUD)
