"""What the predictor tells about itself."""

from bikecast.evaluation.scores import Scores
from bikecast.features import FEATURES
from bikecast.names import PredictionSource
from bikecast.serving.facts_contract import FeatureCard, Health, ModelCard, Version, WindowScores
from bikecast.serving.follower import UnavailableError, View
from bikecast.serving.problems import without_places


def health(view: View) -> Health:
    """Tell who answers; anything but the champion, and any problem, is degraded."""
    leader = view.leader
    sound = leader.source is PredictionSource.CHAMPION and view.problem is None
    return Health(
        status="ok" if sound else "degraded",
        source=leader.source,
        model_version=leader.version,
        champion_version=view.champion_version,
        problem=None if view.problem is None else without_places(view.problem),
        automation=view.automation,
    )


def version(view: View, *, code_version: str) -> Version:
    """Tell what is deployed and what it serves."""
    leader = view.leader
    return Version(
        code_version=code_version, model=leader.name, model_version=leader.version, source=leader.source
    )


def model_card(view: View) -> ModelCard:
    """Describe the best model in memory.

    Raises:
        UnavailableError: Only the seasonal profile answers.
    """
    engine = view.model
    if engine is None:
        raise UnavailableError("no model is loaded; the seasonal profile answers")
    manifest = engine.manifest
    assert manifest.level is not None  # what has none does not load here
    assert manifest.interval is not None
    return ModelCard(
        model=manifest.model_name,
        model_version=manifest.version,
        source=engine.source,
        run_id=manifest.run_id,
        published_at=manifest.published_at,
        code_version=manifest.code_version,
        data_hash=manifest.data_hash,
        simulated=manifest.simulated,
        features=[
            FeatureCard(name=item.name, known=item.known.value, meaning=item.meaning) for item in FEATURES
        ],
        holdout=_shown(manifest.holdout),
        baselines={name: _shown(scores) for name, scores in manifest.baselines.items()},
        level_factor=engine.model.forecaster.latest_factor(),
        level_as_of=manifest.level.as_of,
        interval_coverage=manifest.interval.coverage,
        previous_version=None if manifest.previous is None else manifest.previous.version,
        decision_key=manifest.decision_key,
        automation=view.automation,
    )


def _shown(scores: Scores) -> WindowScores:
    start, end = scores.window()
    values = {**scores.values, "coverage": scores.coverage}
    return WindowScores(n_rows=scores.n_rows, start=start, end=end, **values)
