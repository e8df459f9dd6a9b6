"""Fit the model of hourly weather, and calibrate it on blocks of days that it has not seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bikecast.arrays import Array, Mask
from bikecast.families import Fitted, family
from bikecast.families.base import TaskShape
from bikecast.families.blend import Blend
from bikecast.families.fallback import WithFallback
from use_cases.citibike.hourly_weather.features import NAMES, OBSERVED, POSITION, HourlyRows
from use_cases.citibike.hourly_weather.intervals import calibrate
from use_cases.citibike.hourly_weather.path import HourlyCalibration
from use_cases.citibike.model.backtest import FEWEST_TRIPS, Sample
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.splits import Fold

TASK = TaskShape(n_classes=None, feature_names=NAMES)
Params = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class HourlyFit:
    """How to fit: families with their hyperparameters, and the seed."""

    params: Params
    seed: int

    def __call__(self, sample: Sample, rows: HourlyRows) -> Fitted:
        """Fit one model of observed weather and one of forecasts, which lead time tells apart."""
        observed = rows.lead == OBSERVED
        everything = self._blend(sample, rows)
        if observed.all():
            return everything
        experts = [self._blend(sample, rows.take(part)) for part in (~observed, observed)]
        full, without = (Blend({"all": everything, "own": each}, floor=FEWEST_TRIPS) for each in experts)
        return WithFallback(full, without, (POSITION["lead_days"],))

    def _blend(self, sample: Sample, rows: HourlyRows) -> Fitted:
        target = sample.actual[rows.place]
        members = {
            name: family(name).fit(rows.features, target, task=TASK, params=params, seed=self.seed)
            for name, params in self.params.items()
        }
        return Blend(members, floor=FEWEST_TRIPS)


def out_of_fold(sample: Sample, rows: HourlyRows, fit: HourlyFit, folds: Iterable[Fold]) -> Array:
    """Predict each fold's rows by a model fitted on its other side; NaN for rows in no fold."""
    predicted = np.full(rows.place.shape, np.nan)
    for fold in folds:
        fitted = fit(sample, rows.within(fold.train))
        judged = fold.valid[rows.place]
        predicted[judged] = np.maximum(fitted.predict(rows.features[judged]), FEWEST_TRIPS)
    return predicted


def calibrated(
    sample: Sample, rows: HourlyRows, stateless: Array, *, state: LevelState, coverage: float = 0.9
) -> HourlyCalibration:
    """Learn level and intervals from out-of-fold predictions.

    Raises:
        JudgementError: There are too few rows at some lead.
    """
    level = state_after(sample, rows, stateless, state=state)
    at_level = stateless * level.factors(sample.hours)[rows.place]
    interval = calibrate(rows.features, sample.actual[rows.place], at_level, coverage=coverage)
    return HourlyCalibration(level=level, interval=interval)


def state_after(sample: Sample, rows: HourlyRows, stateless: Array, *, state: LevelState) -> LevelState:
    """Return the level that has seen these hours by their observed weather."""
    observed: Mask = rows.lead == OBSERVED
    place = rows.place[observed]
    return state.updated(sample.hours[place], sample.actual[place], stateless[observed])
