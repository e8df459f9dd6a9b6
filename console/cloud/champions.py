"""The champion's manifest in the serving bucket, as the predictor reads it."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from bikecast.errors import DeploymentError
from bikecast.names import DEFAULT_USE_CASE
from console import ui
from console.cloud.session import Cloud
from console.cloud.stores import serving_store

if TYPE_CHECKING:
    from bikecast.evaluation.scores import Scores
    from bikecast.registry.champion_store import ChampionStore
    from bikecast.registry.manifest import ChampionManifest


def read_champion(cloud: Cloud) -> "ChampionManifest":
    """Return the manifest of the model that serves.

    Raises:
        DeploymentError: No model was promoted yet, or the last one was retired.
        ArtifactError: What serves cannot be read; the message says how to repair it.
    """
    manifest = champion_store(cloud).read().manifest
    if manifest is None:
        raise DeploymentError("no model serves: load data, then run `bikecast train`")
    return manifest


def champion_exists(cloud: Cloud) -> bool:
    """Tell whether a model serves, or something stands there that cannot be read."""
    current = champion_store(cloud).look()
    return current.manifest is not None or current.problem is not None


def retire_simulated(cloud: Cloud) -> bool:
    """Let nothing serve that simulated data taught, until the next promotion; any other champion stays.

    Return whether a champion was retired.
    """
    from bikecast.registry.manifest import Change, ChangeAction

    champions = champion_store(cloud)
    current = champions.look()
    # Where the champion cannot be read, those on record would answer in its place.
    on_record = (each.manifest for each in champions.history.since_retirement())
    last = current.manifest or next(on_record, None)
    if last is None or not last.simulated:
        return False
    ui.note("the champion learned from simulated data and is retired: run `bikecast train` for a real one")
    now = dt.datetime.now(dt.UTC)
    change = Change(
        action=ChangeAction.RETIRED,
        at=now,
        execution=f"retire-{now:%Y%m%dT%H%M%S%f}",
        reason="it learned from simulated data, and real data is loaded",
    )
    champions.retire(change, replacing=current)
    return True


def champion_store(cloud: Cloud) -> "ChampionStore":
    """Return what reads and changes the champion."""
    from bikecast.registry.champion_store import ChampionStore

    return ChampionStore(serving_store(cloud))


def score_rows(champion: "ChampionManifest") -> list[dict[str, Any]]:
    """Return the champion's holdout errors beside the baselines', one row each."""
    scores = {f"champion (version {champion.version})": champion.holdout, **champion.baselines}
    row = score_row if champion.use_case == DEFAULT_USE_CASE else _metrics_row
    return [row(name, score) for name, score in scores.items()]


def _metrics_row(name: str, score: "Scores") -> dict[str, Any]:
    values = {metric: f"{value:.4g}" for metric, value in score.values.items()}
    return {"model": name, **values, "coverage": score.coverage, "rows": score.n_rows}


def holdout_facts(champion: "ChampionManifest") -> str:
    """Say which rows the champion was judged on."""
    score = champion.holdout
    if score.start is None:
        return f"{score.n_rows} rows, drawn"
    days = " to ".join(f"{edge:%Y-%m-%d}" for edge in score.window())
    return f"{days}, New York time" if champion.use_case == DEFAULT_USE_CASE else days


def score_row(name: str, score: "Scores") -> dict[str, Any]:
    """Return one line of a score table; shares in percent."""
    return {
        "model": name,
        "RMSE": round(score.values["rmse"]),
        "MAE": round(score.values["mae"]),
        "WAPE %": f"{100 * score.values['wape']:.1f}",
        "R2": f"{score.values['r2']:.3f}",
        "bias %": f"{100 * score.values['bias']:+.1f}",
        "in 90 % interval %": None if score.coverage is None else f"{100 * score.coverage:.1f}",
        "hours": score.n_rows,
    }


def champion_json(manifest: "ChampionManifest") -> dict[str, Any]:
    """Return a manifest as JSON, each score table flat: its metrics beside its rows and window."""
    found: dict[str, Any] = manifest.model_dump(mode="json")
    baselines = {name: _flat(table) for name, table in found["baselines"].items()}
    return found | {"holdout": _flat(found["holdout"]), "baselines": baselines}


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    return {**table.pop("values"), **table}
