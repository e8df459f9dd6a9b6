"""The ``bikecast`` command: every command thin, every error one sentence."""

import sys
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bikecast import __version__
from bikecast.errors import BikecastError, InputError
from console import ui, use_case_commands
from console.cloud import log_commands, trace_commands
from console.data import load_commands
from console.demo import demo_commands
from console.deployment import (
    backup_commands,
    cost_commands,
    deploy_commands,
    destroy_commands,
    local_commands,
)
from console.errors import CommandError, ExecutionError, FileAccessError, NoCloudError, refusal, sdk_errors
from console.executions import run_commands
from console.exit_codes import ExitCode, exit_codes_text
from console.monitoring import drift_commands, incident_commands
from console.scaffold import init_commands
from console.serving import champion_commands, predict_commands, queue_commands
from console.settings import take_choices
from console.training import decision_commands, lineage_commands, train_commands
from console.worker import worker_commands
from local_cloud.network import keep_loopback_direct
from use_cases.citibike.console import commands as hourly_commands

app = typer.Typer(
    name="bikecast",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)

RUN, MODEL, SERVE = "The cloud", "Data and models", "Serving and watching"

COMMANDS: list[tuple[str, Callable[..., Any]]] = [
    (RUN, demo_commands.demo),
    (RUN, local_commands.up),
    (RUN, local_commands.down),
    (RUN, local_commands.status),
    (RUN, local_commands.pages),
    (RUN, local_commands.env),
    (RUN, deploy_commands.deploy),
    (RUN, destroy_commands.destroy),
    (RUN, backup_commands.backup),
    (RUN, backup_commands.restore),
    (RUN, deploy_commands.outputs),
    (RUN, use_case_commands.use_cases),
    (RUN, init_commands.init),
    (RUN, log_commands.logs),
    (RUN, trace_commands.trace),
    (RUN, worker_commands.worker),
    (RUN, cost_commands.cost),
    (MODEL, load_commands.load),
    (MODEL, load_commands.simulate),
    (MODEL, train_commands.train),
    (MODEL, run_commands.runs),
    (MODEL, run_commands.stop),
    (MODEL, run_commands.approve),
    (MODEL, run_commands.reject),
    (MODEL, decision_commands.decisions),
    (MODEL, lineage_commands.lineage),
    (MODEL, champion_commands.champion),
    (MODEL, champion_commands.rollback),
    (SERVE, predict_commands.predict),
    (SERVE, hourly_commands.forecast),
    (SERVE, hourly_commands.outlook),
    (SERVE, queue_commands.redrive),
    (SERVE, drift_commands.drift),
    (SERVE, incident_commands.incidents),
    (SERVE, incident_commands.close),
    (SERVE, incident_commands.resume),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"bikecast {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
]


HELP = f"""Train, judge, serve and watch a model, in this clone's own cloud or on AWS.

Every command is about one use case: --use-case NAME chooses it, or BIKECAST_USE_CASE; without, citibike.
Every command is about one environment: --env NAME chooses it, or BIKECAST_ENV; AWS has no default.

Exit codes: {exit_codes_text()}.
"""


@app.callback(help=HELP)
def bikecast(version: Version = False) -> None:
    """Take the options that stand before a command."""


for panel, command in COMMANDS:
    app.command(rich_help_panel=panel)(command)
app.add_typer(incident_commands.monitor, rich_help_panel=SERVE)


def main() -> None:
    """Run the command line; what we refuse on purpose is one message, anything else a traceback."""
    warnings.filterwarnings("ignore", message="Using typeguard < 3")  # of pandera, at import
    keep_loopback_direct()
    try:
        app(take_choices(sys.argv[1:]))
    except BikecastError as err:
        sys.exit(_report(err))
    except OSError as err:
        if err.filename is None:
            raise
        sys.exit(_report(FileAccessError(f"{err.filename}: {err.strerror}")))
    except sdk_errors() as err:
        sys.exit(_report(refusal(err)))
    except KeyboardInterrupt:
        ui.note("interrupted")
        sys.exit(ExitCode.INTERRUPTED)


def _report(err: BikecastError) -> ExitCode:
    message = str(err)
    if isinstance(err, CommandError) and err.log_path:
        message += f"\nthe whole output is in {err.log_path}"
    ui.note(f"error: {message}")
    if "--json" in sys.argv:
        facts: dict[str, Any] = {"error": type(err).__name__, "message": message}
        if isinstance(err, ExecutionError):
            facts |= {"execution": err.arn} | ({"report": err.report} if err.report else {})
        print(ui.to_json(facts))
    if isinstance(err, NoCloudError):
        return ExitCode.NO_CLOUD
    return ExitCode.WRONG_USE if isinstance(err, InputError) else ExitCode.FAILED


if __name__ == "__main__":
    main()
