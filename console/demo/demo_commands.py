"""``demo``: the whole loop on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from console import ui
from console.data.replacing import FLAG
from console.demo.options import DemoOptions
from console.demo.story import DemoResult, run_demo
from console.options import Json


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own data instead of simulated ones: what `bikecast load` takes.", show_default=False
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Tuning trials.")] = DemoOptions.trials,
    weeks: Annotated[int, typer.Option(min=1, help="Weekly windows to watch.")] = DemoOptions.weeks,
    replace_simulated: Annotated[
        bool, typer.Option(FLAG, help="--data may remove simulated data; else you are asked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start the cloud, deploy, load, train, predict and monitor; ends with a summary.

    Example: bikecast demo --data ~/citibike

    Run it again at any time, also after a failure or a kill: it goes on from what it finds.
    """
    options = DemoOptions(data=data, trials=trials, weeks=weeks, replace_simulated=replace_simulated)
    result = run_demo(options)
    ui.show(describe(result), as_json=as_json, table=lambda: summary(result))


def describe(result: DemoResult) -> dict[str, Any]:
    """Return the result as one JSON object."""
    from console.cloud.champions import champion_json

    return {
        "data": result.data,
        "training": result.training,
        "champion": champion_json(result.champion) if result.champion else None,
        "prediction": result.prediction,
        "drift": result.drift,
        "outputs": result.outputs,
        "stage_seconds": result.stage_seconds,
        "seconds": result.seconds,
    }


def summary(result: DemoResult) -> RenderableType:
    """Lay out what a person should see at the end."""
    from console.cloud.champions import holdout_facts, score_rows
    from console.monitoring.drift import verdict_rows

    assert result.champion is not None
    return Group(
        "",
        ui.pairs_table(_facts(result), title="bikecast demo"),
        "",
        ui.rows_table(
            score_rows(result.champion),
            title=f"scores on the holdout, {holdout_facts(result.champion)}",
        ),
        "",
        ui.rows_table(verdict_rows(result.drift), title="drift, window by window"),
        "",
        ui.pairs_table(_addresses(result), title="to open"),
    )


def _facts(result: DemoResult) -> dict[str, Any]:
    return {
        "data": "SIMULATED" if result.data.get("simulated") else "real, as loaded",
        "training": f"{result.training['decision']}: {result.training['reason']}",
        "champion": f"version {result.champion.version}" if result.champion else None,
        "prediction": result.answer,
        "time": ", ".join(f"{name} {ui.elapsed(seconds)}" for name, seconds in result.stage_seconds.items())
        + f"; {ui.elapsed(result.seconds)} in all",
    }


def _addresses(result: DemoResult) -> dict[str, Any]:
    outputs = result.outputs
    return {
        "API documents": f"{outputs.api_url}/docs",
        "API key": f"x-api-key: {outputs.api_key}",
        "dashboard": f"{outputs.dashboard_url}#key={outputs.api_key}",
        "latest report": f"{outputs.api_url}/monitor-model (with the key), or from the dashboard",
        # MLflow's own first page is about language models.
        "MLflow": f"{outputs.mlflow_url}/#/models",
        "MLflow login": f"{outputs.mlflow_user}, {outputs.mlflow_password}",
        "Evidently": outputs.evidently_url,
    }
