"""The model as it is served: an ONNX graph, the calibrated level and the interval, checked before use."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast.arrays import Array, Hours, Matrix
from bikecast.errors import ArtifactError
from bikecast.model.graph import OnnxGraph
from bikecast.registry.artifacts import fetch
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.storage import ObjectStore
from use_cases.citibike import calendar
from use_cases.citibike.features import FEATURE_NAMES, build_features
from use_cases.citibike.model.climatology import Climatology
from use_cases.citibike.model.intervals import IntervalCalibration
from use_cases.citibike.model.level import LevelState

Weather = Mapping[str, NDArray[np.floating]]
_Part = TypeVar("_Part", bound=BaseModel)

TOLERANCE = 1e-4
FEWEST_TRIPS = 1.0
QUIET_SHARE = 0.01


@dataclass(frozen=True)
class Forecast:
    """Trips per hour with a 90 % interval; each of shape (n,), none below zero."""

    values: Array
    low: Array
    high: Array


class GoldenRows(BaseModel):
    """Feature rows and the stateless predictions they must give; null stands for NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: list[list[float | None]]
    predictions: list[float]

    def matrix(self) -> Matrix:
        return np.asarray(
            [[np.nan if cell is None else cell for cell in row] for row in self.rows], dtype=np.float32
        )


class OnnxModel:
    """A graph from float32 features (n, n_features) to trips per hour (n, 1).

    Raises:
        ArtifactError: The bytes are not such a graph.
    """

    def __init__(self, body: bytes) -> None:
        self._graph = OnnxGraph(body)

    def predict(self, features: Matrix) -> Array:
        """Return stateless predictions, at least one trip an hour; shape (n,)."""
        if features.shape[0] == 0:
            return np.empty(0)
        return np.maximum(self._graph.run(features), FEWEST_TRIPS)


@dataclass(frozen=True)
class Forecaster:
    """A checked model with its level and interval.

    Example:
        >>> forecaster = Forecaster.load(store, manifest)
        >>> forecaster.predict(hours, {"TMAX": tmax, "TMIN": tmin, "SNOW": snow}).values
    """

    model: OnnxModel
    level: LevelState
    interval: IntervalCalibration

    @classmethod
    def load(cls, store: ObjectStore, manifest: ChampionManifest) -> Self:
        """Fetch and check what the manifest names.

        Raises:
            ArtifactError: A file is missing, damaged, was trained on other features, or does not
                reproduce its golden predictions.
        """
        if manifest.features != FEATURE_NAMES:
            differing = sorted(set(manifest.features) ^ set(FEATURE_NAMES)) or "their order"
            raise ArtifactError(f"version {manifest.version} has other features than this code: {differing}")
        model = OnnxModel(fetch(store, manifest.model))
        check_golden(model, GoldenRows.model_validate_json(fetch(store, manifest.golden)))
        return cls(model, level_of(manifest), interval_of(manifest))

    def predict(self, hours: Hours, weather: Weather, *, now: dt.datetime | None = None) -> Forecast:
        """Forecast hours of naive New York wall time from the day's weather.

        Args:
            hours: Shape (n,).
            weather: As ``build_features`` takes it.
            now: Naive New York wall time; no demand of that day or later is used. Without it the level
                uses whatever its own horizon allows.
        Raises:
            FeatureError: Weather is missing.
        """
        features = build_features(hours, weather)
        if now is None:
            return self._forecast(features, self._factors(hours))
        known_until = (now - dt.timedelta(days=1)).date()
        return self._forecast(features, self.level.factors(hours, known_until=known_until))

    def predict_features(self, features: Matrix, *, factors: Array | None = None) -> Forecast:
        """Forecast from ready features; without ``factors`` at the latest known level."""
        if factors is None:
            factors = np.full(features.shape[0], self.latest_factor())
        return self._forecast(features, factors)

    def latest_factor(self) -> float:
        """Return the level that the farthest forecast would use now."""
        return self._latest_factor

    @cached_property
    def _latest_factor(self) -> float:
        return self.level.latest_factor()

    def _factors(self, hours: Hours) -> Array:
        """Return the level of each hour; that of a day is computed once."""
        days = np.asarray(hours).astype("datetime64[D]").astype(np.int64).tolist()
        missing = [day for day in set(days) if day not in self._factor_of_day]
        if missing:
            found = self.level.factors(np.asarray(missing, dtype=np.int64).astype("datetime64[D]"))
            self._factor_of_day.update(zip(missing, found.tolist(), strict=True))
        return np.asarray([self._factor_of_day[day] for day in days], dtype=np.float64)

    @cached_property
    def _factor_of_day(self) -> dict[int, float]:
        return {}

    def _forecast(self, features: Matrix, factors: Array) -> Forecast:
        values = self.model.predict(features) * factors
        low, high = self.interval.bounds(features, values)
        return Forecast(values, low, high)


def level_of(manifest: ChampionManifest) -> LevelState:
    """Return a version's bias correction.

    Raises:
        ArtifactError: It has none, because it is of another use case, or it cannot be read.
    """
    return _part(LevelState, manifest.level, f"the bias correction of version {manifest.version}")


def interval_of(manifest: ChampionManifest) -> IntervalCalibration:
    """Return a version's interval.

    Raises:
        ArtifactError: It has none, because it is of another use case, or it cannot be read.
    """
    return _part(IntervalCalibration, manifest.interval, f"the interval of version {manifest.version}")


def _part(model: type[_Part], fields: dict[str, Any] | None, what: str) -> _Part:
    if fields is None:
        raise ArtifactError(f"{what} is missing")
    try:
        return model.model_validate(fields)
    except ValidationError as err:
        raise ArtifactError(f"{what} cannot be read: {err.errors()[0]['msg']}") from err


class Profile(BaseModel):
    """Demand by hour of the week (0 is Monday midnight) over the last weeks of training."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: dt.date
    end: dt.date
    values: list[float] = Field(min_length=168, max_length=168)
    low: list[float] = Field(min_length=168, max_length=168)
    high: list[float] = Field(min_length=168, max_length=168)
    climatology: Climatology | None = Field(None, description="Typical weather, for days nobody forecasts.")


@dataclass(frozen=True)
class SeasonalNaive:
    """Fallback: the same hour of the week, a holiday taken as a Sunday."""

    profile: Profile

    @classmethod
    def load(cls, store: ObjectStore, artifact: Artifact) -> Self:
        """Fetch and check the profile; ``ArtifactError`` if it is missing or damaged."""
        return cls(Profile.model_validate_json(fetch(store, artifact)))

    def predict(
        self,
        hours: Hours,
        weather: Weather | None = None,  # noqa: ARG002 - the same call as the model's
        *,
        now: dt.datetime | None = None,  # noqa: ARG002 - as above
    ) -> Forecast:
        """Forecast hours of naive New York wall time; weather and clock make no difference."""
        day = np.where(calendar.holiday_rank(hours) > 1, 6, calendar.day_of_week(hours))
        slot = day * 24 + calendar.hour_of_day(hours)
        values, low, high = (
            np.asarray(part)[slot] for part in (self.profile.values, self.profile.low, self.profile.high)
        )
        return Forecast(values, low, high)


def check_golden(model: OnnxModel, golden: GoldenRows) -> None:
    """Raise ``ArtifactError`` unless the model reproduces its golden predictions within 0.01 %."""
    got, wanted = model.predict(golden.matrix()), np.asarray(golden.predictions)
    if got.shape != wanted.shape or got.size == 0:
        raise ArtifactError(f"{got.shape} golden rows for {wanted.shape} golden predictions")
    worst = worst_difference(got, wanted)
    if not worst <= TOLERANCE:
        raise ArtifactError(f"golden predictions differ by {worst:.2%}; {TOLERANCE:.2%} is allowed")


def worst_difference(got: Array, wanted: Array) -> float:
    """Return the largest difference as a share of what was wanted.

    A graph adds up hundreds of trees in float32, so a sum near nothing carries the rounding of its parts;
    below a hundredth of the mean, a difference counts against that hundredth.
    """
    floor = max(FEWEST_TRIPS, QUIET_SHARE * float(wanted.mean()))
    return float(np.max(np.abs(got - wanted) / np.maximum(wanted, floor)))


def golden_json(features: Matrix, predictions: Array) -> bytes:
    """Return golden rows as the bytes to publish."""
    rows = [[None if np.isnan(cell) else float(cell) for cell in row] for row in features]
    return json.dumps({"rows": rows, "predictions": predictions.tolist()}).encode()
