"""The forecasts that anybody could make without a model; one that does not beat them is not worth serving."""

from collections.abc import Mapping

import numpy as np

from bikecast.arrays import Array, Hours, Ints

LAST_WEEK = "same_hour_last_week"
FOUR_WEEKS = "mean_of_four_weeks"
LAST_YEAR = "same_hour_last_year"
_HOURS_BACK: Mapping[str, tuple[int, ...]] = {
    LAST_WEEK: (168,),
    FOUR_WEEKS: (168, 336, 504, 672),
    LAST_YEAR: (364 * 24,),
}
ENOUGH = 0.95


def baseline_forecasts(history_hours: Hours, history: Array, *, hours: Hours) -> dict[str, Array]:
    """Return each baseline's forecast of ``hours``, all at a horizon of a week or more.

    A baseline is left out where the history covers less than 95 % of the hours; a gap in one that is
    kept takes the same hour a week earlier still, then the mean of the history.
    """
    known = dict(zip(history_hours.astype("datetime64[h]").astype(np.int64).tolist(), history, strict=True))
    stamps = hours.astype("datetime64[h]").astype(np.int64)
    forecasts = {name: _mean_of(known, stamps, back) for name, back in _HOURS_BACK.items()}
    kept = {name: values for name, values in forecasts.items() if np.mean(np.isfinite(values)) >= ENOUGH}
    return {name: _filled(values, known, stamps) for name, values in kept.items()}


def _mean_of(known: dict[int, float], stamps: Ints, back: tuple[int, ...]) -> Array:
    lagged = np.asarray([[known.get(stamp - lag, np.nan) for lag in back] for stamp in stamps.tolist()])
    present = np.isfinite(lagged)
    total = np.where(present, lagged, 0.0).sum(axis=1)
    count = present.sum(axis=1)
    mean: Array = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _filled(values: Array, known: dict[int, float], stamps: Ints) -> Array:
    for lag in (336, 504):
        older = np.asarray([known.get(stamp - lag, np.nan) for stamp in stamps.tolist()])
        values = np.where(np.isfinite(values), values, older)
    return np.where(np.isfinite(values), values, float(np.mean(list(known.values()))))
