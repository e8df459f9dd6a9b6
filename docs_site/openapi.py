"""The OpenAPI documents of the deployed functions, without deploying them."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from bikecast import __version__
from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.choice import serving_of
from bikecast.serving.kind import ServingPorts
from bikecast.serving.log.prediction_log import NoLog
from bikecast.serving.trainings import Trainings
from bikecast.storage import FolderStore
from lambdas.operate.app import OperatePorts, build_app

# Routes are declared without calling what answers behind them.
_NOBODY = cast(Any, None)


def predictor_document(use_case: str) -> dict[str, Any]:
    """Return the document of a use case's predictor, which its ``/openapi.json`` answers."""
    kind = serving_of(use_case)
    with TemporaryDirectory() as folder:
        store = FolderStore(Path(folder))
        follower = ChampionFollower(store, kind.loaders, listener=_NOBODY, ttl_s=60)
        app = kind.build(ServingPorts(store, follower, NoLog(), _NOBODY), __version__, ())
    document: dict[str, Any] = app.openapi()
    return document


def operations_document() -> dict[str, Any]:
    """Return the document of trainings and reports, which ``/monitoring/openapi.json`` answers."""
    document: dict[str, Any] = build_app(
        OperatePorts(Trainings(_NOBODY, "", data=_NOBODY), _NOBODY, str, list, lambda _: False),
        code_version=__version__,
    ).openapi()
    return document
