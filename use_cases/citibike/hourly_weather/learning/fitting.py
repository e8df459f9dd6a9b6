"""Fit the model of hourly weather, and calibrate it on blocks of days that it has not seen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bikecast.arrays import Array, Mask, Matrix
from bikecast.evaluation.splits import Fold
from bikecast.families import Fitted, family
from bikecast.families.base import TaskShape
from bikecast.families.blend import Blend
from bikecast.families.corrected import correct
from bikecast.families.fallback import WithFallback
from use_cases.citibike.hourly_weather.features import (
    LEADS,
    OBSERVED,
    POSITION,
    HourlyRows,
    without_station,
)
from use_cases.citibike.hourly_weather.following import followed
from use_cases.citibike.hourly_weather.intervals import calibrate, widened
from use_cases.citibike.hourly_weather.path import HourlyCalibration
from use_cases.citibike.hourly_weather.task import FAR_TASK, TASK
from use_cases.citibike.model.backtest import FEWEST_TRIPS, FOLDS_AT_ONCE, Sample
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.task import with_repeated_night

# Enough of the ages of a forecast: the others lie between them.
_LEARNT_BY_ALL = (OBSERVED, 0, 1, 3, 7)
_SMOOTH, _CORRECTED, _COUNTS = "glm", "corrected", "xgboost_poisson"
Params = Mapping[str, Mapping[str, Any]]
FitRows = Callable[[Sample, HourlyRows], Fitted]


@dataclass(frozen=True)
class HourlyFit:
    """How to fit: families of trees, and of the regression, with their hyperparameters; and the seed."""

    params: Params
    seed: int

    def __call__(self, sample: Sample, rows: HourlyRows) -> Fitted:
        """Fit what answers together: trees and curves, those of all leads and those of the forecast's age.

        Trees of one age are of counts alone: of squared errors they add nothing there. Where a forecast is
        five days old and more, its own are a regression on little of its weather. None learns what the
        station measured: it gained on the year of training and lost on the next.
        """
        rows = without_station(rows)
        some = rows.take(np.isin(rows.lead, _LEARNT_BY_ALL))
        counts, curves = partial(_single, self, name=_COUNTS), partial(_curves, self)
        far = partial(_single, self, name=_SMOOTH, task=FAR_TASK)
        every = _trees(self, sample, some)
        own = _expert((counts, far, counts, counts), sample, rows)
        members = {
            "trees": Blend({"all": every, "own": own}, floor=FEWEST_TRIPS),
            "curves": _expert((curves, far, curves, curves), sample, some),
        }
        return Blend(members, floor=FEWEST_TRIPS)


def _learnt(sample: Sample, rows: HourlyRows) -> tuple[Matrix, Array]:
    return with_repeated_night(rows.features, sample.actual[rows.place], column=POSITION["hol_major"])


def _trees(fit: HourlyFit, sample: Sample, rows: HourlyRows) -> Fitted:
    names = [name for name in fit.params if name not in (_SMOOTH, _CORRECTED)]
    return Blend({name: _single(fit, sample, rows, name=name) for name in names}, floor=FEWEST_TRIPS)


def _curves(fit: HourlyFit, sample: Sample, rows: HourlyRows) -> Fitted:
    """Fit a regression, and trees that correct it."""
    smooth, (features, target) = _single(fit, sample, rows, name=_SMOOTH), _learnt(sample, rows)
    params = fit.params.get(_CORRECTED, {})
    return correct(smooth, features, target=target, task=TASK, params=params, seed=fit.seed)


def _single(fit: HourlyFit, sample: Sample, rows: HourlyRows, *, name: str, task: TaskShape = TASK) -> Fitted:
    features, target = _learnt(sample, rows)
    return family(name).fit(features, target, task=task, params=fit.params.get(name, {}), seed=fit.seed)


def _expert(fits: Sequence[FitRows], sample: Sample, rows: HourlyRows) -> Fitted:
    """Fit an expert for each age: observed weather, far, middle and near forecasts, told by ``LEADS``."""
    fit, *nearer = fits
    if not nearer:
        return fit(sample, rows)
    place = POSITION[LEADS[-len(nearer)]]
    given = ~np.isnan(rows.features[:, place])
    if given.all():
        return _expert(nearer, sample, rows)
    if not given.any():
        return fit(sample, rows)
    full = _expert(nearer, sample, rows.take(given))
    return WithFallback(full, fit(sample, rows.take(~given)), (place,))


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
    sample: Sample, rows: HourlyRows, *, out_of_fold: Array, rolling: Array, state: LevelState
) -> HourlyCalibration:
    """Learn level and intervals from out-of-fold predictions.

    Args:
        sample: The training window.
        rows: Its rows by lead.
        out_of_fold: Predictions by models that saw the days around, for every row.
        rolling: Predictions by models that saw only the past; NaN for rows before the first fold.
        state: The rules of the level.
    Raises:
        JudgementError: There are too few rows at some lead.
    """
    actual, level = sample.actual[rows.place], state_after(sample, rows, out_of_fold, state=state)
    at_level = out_of_fold * level.factors(sample.hours)[rows.place]
    days = sample.hours[rows.place].astype("datetime64[D]")
    interval = calibrate(rows.features, actual, at_level, days=days)
    both = np.isfinite(rolling)
    ahead = (
        rolling[both]
        * state_after(sample, rows.take(both), rolling[both], state=state).factors(sample.hours)[
            rows.place[both]
        ]
    )
    known = actual[both]
    interval = widened(
        interval,
        rows.lead[both],
        out_of_fold=np.abs(known / at_level[both] - 1),
        rolling=np.abs(known / ahead - 1),
    )
    return HourlyCalibration(level=level, interval=interval)


def state_after(sample: Sample, rows: HourlyRows, stateless: Array, *, state: LevelState) -> LevelState:
    """Return the level that has seen these hours by their observed weather."""
    observed: Mask = rows.lead == OBSERVED
    place = rows.place[observed]
    return state.updated(sample.hours[place], sample.actual[place], stateless[observed])


def after_days(
    sample: Sample, rows: HourlyRows, stateless: Array, *, calibration: HourlyCalibration
) -> tuple[HourlyCalibration, Forecast]:
    """Return the calibration that has seen these hours, and their forecasts by what was known before them.

    Args:
        sample: Hours with their demand.
        rows: Their rows by lead.
        stateless: Predictions of the rows before correction.
        calibration: As it was before.
    """
    level = state_after(sample, rows, stateless, state=calibration.level)
    values = stateless * level.factors(sample.hours)[rows.place]
    low, high, interval = followed(
        calibration.interval,
        sample.hours[rows.place],
        rows.features,
        values=values,
        actual=sample.actual[rows.place],
        delay_days=-(-level.horizon_hours // 24),
    )
    after = calibration.model_copy(update={"level": level, "interval": interval})
    return after, Forecast(values, low, high)
