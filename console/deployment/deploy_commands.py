"""``deploy`` and ``outputs``."""

import sys
from typing import Annotated

import typer
from rich.table import Table

from bikecast.errors import InputError
from bikecast.names import Containers, Target
from console import ui
from console.cloud.outputs import ConsoleOutputs, console_outputs
from console.cloud.session import find_cloud, running_connection
from console.options import Json, TargetOption
from console.pages.services import page_outputs
from console.use_cases import declaration


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
    notify: Annotated[
        list[str] | None,
        typer.Option(help="Mail or https address (webhook) that hears of alarms; may be repeated."),
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="Domain of the API; needs --certificate.", show_default=False)
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(help="ARN of the domain's certificate in ACM.", show_default=False)
    ] = None,
    traces: Annotated[
        str | None,
        typer.Option(
            envvar="BIKECAST_TRACES",
            help="Collector that takes traces by OTLP over HTTP, such as http://host:4318; `embedded`: the "
            "embedded cloud keeps them for `bikecast trace`.",
            show_default=False,
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Deploy to AWS without showing the changes and asking.")
    ] = False,
    target: TargetOption = None,
    as_json: Json = False,
) -> None:
    """Deploy the stacks of an environment with the AWS CDK; repeated, it changes what changed.

    On AWS the changes are shown first and you are asked. Lasting addresses are in infra_cdk/environments.py.

    Example: bikecast up && bikecast deploy, or
    bikecast --env staging deploy --target aws --notify ops@example.org
    """
    from console.deployment.deployment import Choices
    from console.deployment.deployment import deploy as deploy_stacks

    declaration()  # fails here, and not in a function that nobody looks at
    if bool(domain) != bool(certificate):
        raise InputError("--domain and --certificate go together: a domain is served with its certificate")
    choices = Choices(
        containers=containers,
        database=database,
        database_secret=database_secret,
        notify=",".join(_checked(notify or [])),
        domain=domain,
        certificate=certificate,
        traces=find_cloud(Target.EMBEDDED).endpoint_url if traces == Target.EMBEDDED else traces,
    )
    deploy_stacks(target or Target.EMBEDDED, choices, agree=None if yes else ask)
    result = console_outputs(find_cloud(target), pages=page_outputs())
    ui.show(result, as_json=as_json, table=lambda: outputs_table(result.model_dump()))


def ask(question: str = "Deploy these changes?") -> bool:
    """Ask the person at the terminal.

    Raises:
        InputError: Nobody is there.
    """
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked here: look at what is shown, then say --yes")
    return typer.confirm(question, err=True)


def _checked(addresses: list[str]) -> tuple[str, ...]:
    wrong = [each for each in addresses if "@" not in each and not each.startswith("https://")]
    if wrong:
        raise InputError(f"--notify: neither a mail address nor an https address: {', '.join(wrong)}")
    return tuple(addresses)


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
