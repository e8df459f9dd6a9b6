"""The ``bikecast`` command: every command thin, every error one sentence."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

import typer

from bikecast.errors import BikecastError
from console import ui
from console.commands import (
    champion,
    costs,
    decisions,
    demo,
    deploying,
    loading,
    local,
    logs,
    monitoring,
    predicting,
    queues,
    runs,
    training,
    watching,
)
from console.errors import CommandError, ExecutionError, refusal, sdk_errors
from local_cloud.network import keep_loopback_direct

FAILED = 1
INTERRUPTED = 130

app = typer.Typer(
    name="bikecast",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    help="Hourly bike demand: train, judge, serve and watch a forecast, in this clone's own cloud or on AWS.",
)

RUN, MODEL, SERVE = "The cloud", "Data and models", "Serving and watching"

COMMANDS: list[tuple[str, Callable[..., Any]]] = [
    (RUN, demo.demo),
    (RUN, local.up),
    (RUN, local.down),
    (RUN, local.status),
    (RUN, deploying.deploy),
    (RUN, deploying.outputs),
    (RUN, logs.logs),
    (RUN, costs.cost),
    (MODEL, loading.load),
    (MODEL, loading.simulate),
    (MODEL, training.train),
    (MODEL, runs.runs),
    (MODEL, runs.stop),
    (MODEL, runs.approve),
    (MODEL, runs.reject),
    (MODEL, decisions.decisions),
    (MODEL, champion.champion),
    (MODEL, champion.rollback),
    (SERVE, predicting.predict),
    (SERVE, predicting.forecast),
    (SERVE, predicting.outlook),
    (SERVE, queues.redrive),
    (SERVE, watching.drift),
    (SERVE, monitoring.incidents),
    (SERVE, monitoring.resume),
]

for panel, command in COMMANDS:
    app.command(rich_help_panel=panel)(command)
app.add_typer(monitoring.monitor, rich_help_panel=SERVE)


def main() -> None:
    """Run the command line; what we refuse on purpose is one message, anything else a traceback."""
    warnings.filterwarnings("ignore", message="Using typeguard < 3")  # of pandera, at import
    keep_loopback_direct()
    try:
        app()
    except BikecastError as err:
        sys.exit(_report(err))
    except sdk_errors() as err:
        sys.exit(_report(refusal(err)))
    except KeyboardInterrupt:
        ui.note("interrupted")
        sys.exit(INTERRUPTED)


def _report(err: BikecastError) -> int:
    message = str(err)
    if isinstance(err, CommandError) and err.log_path:
        message += f"\nthe whole output is in {err.log_path}"
    ui.note(f"error: {message}")
    if "--json" in sys.argv:
        facts: dict[str, Any] = {"error": type(err).__name__, "message": message}
        if isinstance(err, ExecutionError):
            facts |= {"execution": err.arn} | ({"report": err.report} if err.report else {})
        print(ui.to_json(facts))
    return FAILED


if __name__ == "__main__":
    main()
