"""``deploy`` and ``outputs``."""

from typing import Annotated

import typer
from rich.table import Table

from bikecast.names import Containers, Target
from console import ui
from console.cloud.outputs import ConsoleOutputs, console_outputs
from console.cloud.session import find_cloud, running_connection
from console.options import Json, TargetOption
from console.pages.services import page_outputs


def deploy(
    containers: Annotated[
        Containers | None,
        typer.Option(
            envvar="BIKECAST_CONTAINERS",
            help="What runs the job's steps: ecs, or a `bikecast worker`; ecs if absent.",
            show_default=False,
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="BIKECAST_DATABASE",
            help="A PostgreSQL that is there already, for workers: postgresql://user@host:5432/name, "
            "without the password.",
            show_default=False,
        ),
    ] = None,
    database_secret: Annotated[
        str | None,
        typer.Option(
            envvar="BIKECAST_DATABASE_SECRET",
            help='Secret with its password, {"password": ...}; bikecast/database if absent.',
            show_default=False,
        ),
    ] = None,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Deploy the stacks with the AWS CDK; a repeated deploy changes only what changed.

    Example: bikecast up && bikecast deploy, or bikecast deploy --target aws with your AWS credentials.
    """
    from console.deployment.deployment import Choices
    from console.deployment.deployment import deploy as deploy_stacks

    choices = Choices(containers=containers, database=database, database_secret=database_secret)
    deploy_stacks(target or Target.EMBEDDED, choices)
    result = console_outputs(find_cloud(target), pages=page_outputs())
    ui.show(result, as_json=as_json, table=lambda: outputs_table(result.model_dump()))


def outputs(target: TargetOption = None, as_json: Json = False) -> None:
    """Show where everything is: API and its key, state machines, buckets, database, log groups, web pages.

    Example: curl -H "x-api-key: $(bikecast outputs --json | jq -r .api_key)" ...
    The keys and MLflow's login are shown; the database's password is not, it stays in its secret.
    """
    result = _outputs_or_nothing(target)
    ui.show(result, as_json=as_json, table=lambda: outputs_table(result.model_dump()))


def _outputs_or_nothing(target: Target | None) -> ConsoleOutputs:
    if target in (None, Target.EMBEDDED) and running_connection() is None:
        ui.note("no embedded cloud runs in this clone: start it with `bikecast up`, then `bikecast deploy`")
        return ConsoleOutputs()
    return console_outputs(find_cloud(target), pages=page_outputs())


def outputs_table(values: dict[str, object]) -> Table:
    """Lay out nested values as ``group.name``."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return ui.pairs_table(flat)
