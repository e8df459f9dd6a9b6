"""``demo``: the whole story on this machine."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from console import ui
from console.data.replacing import FLAG
from console.demo.story import DemoOptions, DemoResult, run_demo
from console.options import Json
from console.use_cases import require_hourly


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
    """Start the cloud, deploy, load, train, predict and watch; then say what came of it.

    Example: bikecast demo --data ~/citibike

    Run it again at any time, also after a failure or a kill: it goes on from what it finds.
    """
    require_hourly("demo")
    options = DemoOptions(data=data, trials=trials, weeks=weeks, replace_simulated=replace_simulated)
    result = run_demo(options)
    ui.show(describe(result), as_json=as_json, table=lambda: summary(result))


def describe(result: DemoResult) -> dict[str, Any]:
    """Return the result as one JSON object."""
    from console.serving.champions import champion_json

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
    from console.monitoring.drift import verdict_rows
    from console.serving.champions import score_rows

    assert result.champion is not None
    start, end = result.champion.holdout.window()
    return Group(
        "",
        ui.pairs_table(_facts(result), title="bikecast demo"),
        "",
        ui.rows_table(
            score_rows(result.champion),
            title=f"trips per hour missed on the holdout, {start:%Y-%m-%d} to {end:%Y-%m-%d}",
        ),
        "",
        ui.rows_table(verdict_rows(result.drift), title="drift, week by week"),
        "",
        ui.pairs_table(_addresses(result), title="to open"),
    )


def _facts(result: DemoResult) -> dict[str, Any]:
    row = result.prediction
    interval = f"90 % interval: {row.get('low', 0):,.0f} to {row.get('high', 0):,.0f}"
    return {
        "data": "SIMULATED" if result.data.get("simulated") else "real, as loaded",
        "training": f"{result.training['decision']}: {result.training['reason']}",
        "champion": f"version {result.champion.version}" if result.champion else None,
        "prediction": f"{row['hour']}: {row['prediction']:,.0f} trips ({interval}), by {row.get('source')}",
        "assumed": row["weather"],
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
