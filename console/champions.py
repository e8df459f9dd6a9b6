"""The champion as the predictor sees it: its manifest in the serving bucket."""

import json
from typing import TYPE_CHECKING, Any

from bikecast.errors import DeploymentError
from bikecast.names import CHAMPION_KEY, Output
from bikecast.storage import MissingObjectError, S3Store
from console import ui
from console.cloud import Cloud
from console.outputs import read_stack_outputs

if TYPE_CHECKING:
    from bikecast.manifest import ChampionManifest, Scores


def read_champion(cloud: Cloud) -> "ChampionManifest":
    """Return the manifest of the model that serves.

    Raises:
        DeploymentError: No model was promoted yet.
    """
    from bikecast.manifest import ChampionManifest

    bucket = read_stack_outputs(cloud.cloudformation).require(Output.SERVING_BUCKET)
    try:
        body = S3Store(cloud.s3, bucket).read(CHAMPION_KEY).body
    except MissingObjectError as err:
        raise DeploymentError("no model was promoted yet: load data, then run `bikecast train`") from err
    return ChampionManifest.model_validate_json(body)


def serving_version(cloud: Cloud) -> str | None:
    """Return the version that the manifest names, also if the rest of it cannot be read."""
    bucket = read_stack_outputs(cloud.cloudformation).require(Output.SERVING_BUCKET)
    try:
        found = json.loads(S3Store(cloud.s3, bucket).read(CHAMPION_KEY).body)
    except (MissingObjectError, ValueError):
        return None
    return str(found["version"]) if isinstance(found, dict) and "version" in found else None


def champion_exists(cloud: Cloud) -> bool:
    """Tell whether a model was ever promoted."""
    bucket = read_stack_outputs(cloud.cloudformation).require(Output.SERVING_BUCKET)
    return any(key == CHAMPION_KEY for key in S3Store(cloud.s3, bucket).keys(CHAMPION_KEY))


def retire_champion(cloud: Cloud) -> None:
    """Let no model serve until the next training; simulated data taught it nothing real."""
    if not champion_exists(cloud):
        return
    ui.note("the champion learned from simulated data and is retired: run `bikecast train` for a real one")
    bucket = read_stack_outputs(cloud.cloudformation).require(Output.SERVING_BUCKET)
    S3Store(cloud.s3, bucket).delete(CHAMPION_KEY)


def score_rows(champion: "ChampionManifest") -> list[dict[str, Any]]:
    """Return the champion's holdout errors beside the baselines', one row each."""
    scores = {f"champion (version {champion.version})": champion.holdout, **champion.baselines}
    return [score_row(name, score) for name, score in scores.items()]


def score_row(name: str, score: "Scores") -> dict[str, Any]:
    """Return one line of a score table; shares in percent."""
    return {
        "model": name,
        "RMSE": round(score.rmse),
        "MAE": round(score.mae),
        "WAPE %": f"{100 * score.wape:.1f}",
        "R2": f"{score.r2:.3f}",
        "bias %": f"{100 * score.bias:+.1f}",
        "in 90 % interval %": None if score.coverage is None else f"{100 * score.coverage:.1f}",
        "hours": score.n_rows,
    }
