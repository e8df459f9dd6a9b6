"""Status of the predictor: health and version."""

from bikecast.names import PredictionSource
from bikecast.serving.follower import View
from bikecast.serving.problems import without_places
from bikecast.serving.status_contract import Health, Version


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
