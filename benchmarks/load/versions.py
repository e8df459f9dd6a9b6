"""Two versions that answer differently, and what each of them must answer."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bikecast.names import CHAMPION_KEY, MODELS_PREFIX, Bucket, PredictionSource
from bikecast.registry.manifest import Artifact, ChampionManifest, Previous
from bikecast.serving.champion.engines import Engine, FallbackEngine, ModelEngine
from bikecast.serving.champion.predictor import answer
from bikecast.storage import S3Store
from tests.deployment import Deployment
from use_cases.citibike.api.contract import TripHour
from use_cases.citibike.api.hourly import LOADERS
from use_cases.citibike.api.prediction_inputs import of_trips
from use_cases.citibike.api.records import shown
from use_cases.citibike.model.forecaster import level_of

N_QUESTIONS, MAX_ROWS = 60, 5
LEVEL = 1.25  # what makes the second version's answers different
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Versions:
    """What is published, what is asked, and the answers by version and by who answers."""

    store: S3Store
    manifests: tuple[ChampionManifest, ChampionManifest]
    questions: list[Rows]
    answers: dict[tuple[str, str], list[Rows]]

    def crown(self, index: int) -> str:
        """Make one of the two champion, as promotion and rollback do at their end; return its version."""
        manifest = self.manifests[index]
        self.store.write(CHAMPION_KEY, manifest.model_dump_json().encode())
        return manifest.version

    def crown_damaged(self) -> None:
        """Make a version champion whose model is not the file that its manifest describes."""
        first, second = self.manifests
        model = second.model.model_copy(update={"sha256": "0" * 64})
        changes = {"version": f"{first.version}-damaged", "model": model, "previous": _as_previous(first)}
        self.store.write(CHAMPION_KEY, second.model_copy(update=changes).model_dump_json().encode())

    def is_right(self, question: int, rows: Rows) -> bool:
        """Tell whether this is what the version named in the rows answers."""
        [who] = {(row["model_version"], row["source"]) for row in rows}
        return self.answers.get(who, [[]] * N_QUESTIONS)[question] == rows


def prepare(cloud: Deployment) -> Versions:
    """Publish a second version beside the champion and work out every answer."""
    store = S3Store(cloud.client("s3"), cloud.outputs["buckets"][Bucket.SERVING])
    first = ChampionManifest.model_validate_json(store.read(CHAMPION_KEY).body)
    store.write(f"{_prefix(first.version)}manifest.json", first.model_dump_json().encode())
    second = _published(store, first, version=f"{first.version}-other")
    # Each is the previous one of the other, as after a promotion and as after a rollback.
    first = first.model_copy(update={"previous": _as_previous(second)})
    questions = list(_questions(random.Random(7)))
    answers = {
        (engine.version, engine.source.value): [_answers(engine, rows) for rows in questions]
        for manifest in (first, second)
        for engine in _engines(store, manifest)
    }
    return Versions(store, (first, second), questions, answers)


def _prefix(version: str) -> str:
    return f"{MODELS_PREFIX}benchmark/{version}/"


def _published(store: S3Store, first: ChampionManifest, *, version: str) -> ChampionManifest:
    prefix = _prefix(version)
    level = level_of(first).model_copy(update={"lowest": LEVEL, "highest": LEVEL})
    files = {
        name: _copied(store, getattr(first, name), prefix)
        for name in ("model", "golden", "profile", "reference")
    }
    changes = {
        "version": version,
        "level": level.model_dump(mode="json"),
        "previous": _as_previous(first),
        **files,
    }
    second = first.model_copy(update=changes)
    store.write(f"{prefix}manifest.json", second.model_dump_json().encode())
    return second


def _copied(store: S3Store, artifact: Artifact, prefix: str) -> Artifact:
    key = prefix + artifact.key.rpartition("/")[2]
    store.write(key, store.read(artifact.key).body)
    return artifact.model_copy(update={"key": key})


def _as_previous(manifest: ChampionManifest) -> Previous:
    return Previous(version=manifest.version, manifest_key=f"{_prefix(manifest.version)}manifest.json")


def _questions(chance: random.Random) -> Iterator[Rows]:
    for _ in range(N_QUESTIONS):
        yield [_row(chance) for _ in range(chance.randint(1, MAX_ROWS))]


def _row(chance: random.Random) -> dict[str, Any]:
    # Noons exist whatever the clocks do.
    hour = dt.datetime(2025, 1, 1, 12) + dt.timedelta(days=chance.randrange(365), hours=chance.randrange(11))
    low = chance.uniform(10, 70)
    weather = {"TMAX": round(low + chance.uniform(1, 25), 1), "TMIN": round(low, 1), "SNOW": 0.0}
    return {"date": str(hour), **weather, "PRCP": chance.choice([0.0, 0.4])}


def _engines(store: S3Store, manifest: ChampionManifest) -> Iterator[Engine]:
    model = LOADERS.model(store, manifest)
    for source in (PredictionSource.CHAMPION, PredictionSource.PREVIOUS_CHAMPION):
        yield ModelEngine(source, manifest, model)
    fallback = LOADERS.fallback(store, manifest.profile)
    yield FallbackEngine(manifest.version, fallback, LOADERS.fallback_source, LOADERS.fallback_name)


def _answers(engine: Engine, rows: Rows) -> Rows:
    hours = [TripHour.model_validate(row) for row in rows]
    return shown(answer([engine], of_trips(hours)), [hour.date for hour in hours])
