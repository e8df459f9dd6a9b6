"""Models and fallback of hourly demand behind the calls that every engine has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bikecast.evaluation.outcome import Outcome
from bikecast.names import PredictionSource
from bikecast.registry.manifest import Artifact, ChampionManifest
from bikecast.serving.champion.engines import Loaders
from bikecast.storage import ObjectStore
from use_cases.citibike.hourly_weather.features import HourlyRows
from use_cases.citibike.hourly_weather.path import PART, HourlyPath
from use_cases.citibike.model.forecaster import Forecast, Forecaster, SeasonalNaive


@dataclass(frozen=True)
class HoursInput:
    """Hours to predict, with their weather."""

    hours: NDArray[np.datetime64]
    weather: Mapping[str, NDArray[np.float64]]
    hourly: HourlyRows | None = None

    @property
    def n_rows(self) -> int:
        """How many numbers an answer has."""
        return self.hours.size


@dataclass(frozen=True)
class FeatureInput:
    """Rows of the model's own features.

    ``find_hours`` returns the nearest hours, for the profile that knows nothing else; no model asks.
    """

    features: NDArray[np.float32]
    find_hours: Callable[[], NDArray[np.datetime64]]

    @property
    def n_rows(self) -> int:
        """How many numbers an answer has."""
        return len(self.features)

    @property
    def hours(self) -> NDArray[np.datetime64]:
        """The nearest hours."""
        return self.find_hours()


AnyInput = HoursInput | FeatureInput


@dataclass(frozen=True)
class HourlyModel:
    """A loaded forecaster, and the model of hourly weather that was promoted with it, if there is one."""

    forecaster: Forecaster
    hourly: HourlyPath | None = None

    def answer(self, inputs: AnyInput) -> Outcome:
        """Predict every row, by hourly weather where it is given and served."""
        if isinstance(inputs, FeatureInput):
            return _outcome(self.forecaster.predict_features(inputs.features))
        by_day = self.forecaster.predict(inputs.hours, inputs.weather)
        if inputs.hourly is None or self.hourly is None:
            return _outcome(by_day)
        return _outcome(_with_hours(by_day, self.hourly, inputs.hours, inputs.hourly))


def _with_hours(
    by_day: Forecast, path: HourlyPath, hours: NDArray[np.datetime64], rows: HourlyRows
) -> Forecast:
    """Put the answers by hourly weather in the places of those by the day's values."""
    served = rows.take(path.serves(rows.lead))
    if served.place.size == 0:
        return by_day
    found = path.predict(hours[served.place], served.features)
    parts = {"values": found.values, "low": found.low, "high": found.high}
    whole = {name: getattr(by_day, name).copy() for name in parts}
    for name, values in parts.items():
        whole[name][served.place] = values
    return replace(by_day, **whole)


@dataclass(frozen=True)
class HourlyProfile:
    """The seasonal profile."""

    naive: SeasonalNaive

    def answer(self, inputs: AnyInput) -> Outcome:
        """Answer by the hour of the week."""
        return _outcome(self.naive.predict(inputs.hours))


def _outcome(forecast: Forecast) -> Outcome:
    return Outcome(forecast.values, forecast.low, forecast.high)


def _load_model(store: ObjectStore, manifest: ChampionManifest) -> HourlyModel:
    fields = manifest.parts.get(PART)
    hourly = None if fields is None else HourlyPath.load(store, fields, version=manifest.version)
    return HourlyModel(Forecaster.load(store, manifest), hourly)


def _load_profile(store: ObjectStore, artifact: Artifact) -> HourlyProfile:
    return HourlyProfile(SeasonalNaive.load(store, artifact))


LOADERS = Loaders(
    model=_load_model,
    fallback=_load_profile,
    fallback_source=PredictionSource.SEASONAL_NAIVE,
    fallback_name="seasonal-naive",
)
