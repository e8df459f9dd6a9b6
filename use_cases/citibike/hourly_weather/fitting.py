"""Fit the model of hourly weather, and calibrate it on blocks of days that it has not seen."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from bikecast.arrays import Array, Mask
from bikecast.families import Fitted, family
from bikecast.families.base import TaskShape
from bikecast.families.blend import Blend
from bikecast.families.fallback import WithFallback
from use_cases.citibike.hourly_weather.features import LEADS, NAMES, OBSERVED, POSITION, HourlyRows
from use_cases.citibike.hourly_weather.intervals import calibrate
from use_cases.citibike.hourly_weather.path import HourlyCalibration
from use_cases.citibike.model.backtest import FEWEST_TRIPS, FOLDS_AT_ONCE, Sample
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.splits import Fold

TASK = TaskShape(n_classes=None, feature_names=NAMES)
# Enough of the ages of a forecast: the others lie between them.
_LEARNT_BY_ALL = (OBSERVED, 0, 1, 3, 7)
Params = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class HourlyFit:
    """How to fit: families with their hyperparameters, and the seed."""

    params: Params
    seed: int

    def __call__(self, sample: Sample, rows: HourlyRows) -> Fitted:
        """Fit a model of all leads, and beside it an expert for each age of forecast; their mean answers."""
        everything = self._blend(sample, rows.take(np.isin(rows.lead, _LEARNT_BY_ALL)))
        return Blend({"all": everything, "own": self._expert(sample, rows, LEADS)}, floor=FEWEST_TRIPS)

    def _expert(self, sample: Sample, rows: HourlyRows, columns: tuple[str, ...]) -> Fitted:
        """Fit experts for rows with the first column and without it, and so on with those that have it."""
        if not columns:
            return self._blend(sample, rows)
        place = POSITION[columns[0]]
        given = ~np.isnan(rows.features[:, place])
        if given.all():
            return self._expert(sample, rows, columns[1:])
        if not given.any():
            return self._blend(sample, rows)
        full = self._expert(sample, rows.take(given), columns[1:])
        return WithFallback(full, self._blend(sample, rows.take(~given)), (place,))

    def _blend(self, sample: Sample, rows: HourlyRows) -> Fitted:
        target = sample.actual[rows.place]
        members = {
            name: family(name).fit(rows.features, target, task=TASK, params=params, seed=self.seed)
            for name, params in self.params.items()
        }
        return Blend(members, floor=FEWEST_TRIPS)


def out_of_fold(sample: Sample, rows: HourlyRows, fit: HourlyFit, folds: Iterable[Fold]) -> Array:
    """Predict each fold's rows by a model fitted on its other side; NaN for rows in no fold."""

    def predict(fold: Fold) -> Array:
        fitted = fit(sample, rows.within(fold.train))
        return np.maximum(fitted.predict(rows.features[fold.valid[rows.place]]), FEWEST_TRIPS)

    predicted, known = np.full(rows.place.shape, np.nan), list(folds)
    with ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:
        for fold, values in zip(known, pool.map(predict, known), strict=True):
            predicted[fold.valid[rows.place]] = values
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
