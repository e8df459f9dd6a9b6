"""Bounds that follow in time: where more hours were missed on a side than promised, that side grows.

Source: Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift", 2021; here the width is
stepped in place of the level, for each side and for wet and dry hours of each lead alone.
"""

import numpy as np

from bikecast.arrays import Array, Hours, Ints, Mask, Matrix
from use_cases.citibike.hourly_weather.intervals import WET, LeadInterval, bounds_of, width_keys

STEP = 0.5  # of the logarithm of a width, for 24 hours that were all missed on that side
WET_STEP = 1.0  # few hours of a day are wet
LEAST_WIDTH, MOST_WIDTH = 0.9, 2.5


class Widths:
    """Logarithms of the widths by key, as days become known."""

    def __init__(self, interval: LeadInterval, keys: list[str]) -> None:
        self.names, index = np.unique(np.asarray(keys, dtype=str), return_inverse=True)
        self.group: Ints = index.astype(np.int64)
        start = [interval.widths.get(str(name), (1.0, 1.0)) for name in self.names]
        self.logs: Array = np.log(np.asarray(start, dtype=np.float64).reshape(-1, 2))
        self._step: Array = np.where(np.char.endswith(self.names, f"|{WET}"), WET_STEP, STEP)[:, None]
        self._tail = (1 - interval.coverage) / 2
        self._waiting: list[tuple[np.datetime64, Array]] = []

    def at(self, day: np.datetime64, *, delay_days: int) -> Array:
        """Return the widths that are known when a day is forecast; shape (n_keys, 2)."""
        while self._waiting and self._waiting[0][0] + np.timedelta64(delay_days + 1, "D") <= day:
            self._take(self._waiting.pop(0)[1])
        widths: Array = np.exp(self.logs)
        return widths

    def see(self, day: np.datetime64, rows: Ints, missed: Mask) -> None:
        """Note which rows of a day were missed below and above; shape (n, 2)."""
        excess = np.zeros_like(self.logs)
        np.add.at(excess, self.group[rows], missed - self._tail)
        self._waiting.append((day, self._step / 24 * excess))

    def finished(self) -> dict[str, tuple[float, float]]:
        """Return the widths after all days."""
        for _, step in self._waiting:
            self._take(step)
        self._waiting = []
        found = np.exp(self.logs).tolist()
        return {str(name): (low, high) for name, (low, high) in zip(self.names, found, strict=True)}

    def _take(self, step: Array) -> None:
        self.logs = np.clip(self.logs + step, np.log(LEAST_WIDTH), np.log(MOST_WIDTH))


def followed(
    interval: LeadInterval, hours: Hours, features: Matrix, *, values: Array, actual: Array, delay_days: int
) -> tuple[Array, Array, LeadInterval]:
    """Return the bounds of each row by what was known when its day was forecast, and the interval afterwards.

    Args:
        interval: As it was before these days; days that it has seen change no width.
        hours: Each row's hour in New York wall time; shape (n,).
        features: Shape (n, n_features).
        values: Predictions at their level; shape (n,).
        actual: Trips; shape (n,).
        delay_days: Days that end later than so many days before a forecast day teach it nothing.
    """
    widths, quantiles = Widths(interval, width_keys(features)), interval.quantiles(features)
    low, high = np.empty(values.shape), np.empty(values.shape)
    days, day_of_row = np.unique(hours.astype("datetime64[D]"), return_inverse=True)
    for place, day in enumerate(days):
        rows = np.flatnonzero(day_of_row == place)
        known = widths.at(day, delay_days=delay_days)[widths.group[rows]]
        low[rows], high[rows] = bounds_of(values[rows], quantiles[rows] * known)
        if interval.as_of is None or day > np.datetime64(interval.as_of, "D"):
            missed = np.column_stack([actual[rows] < low[rows], actual[rows] > high[rows]])
            widths.see(day, rows, missed)
    update = {"widths": interval.widths | widths.finished()}
    if days.size:
        update["as_of"] = max(days[-1].item(), interval.as_of or days[-1].item())
    return low, high, interval.model_copy(update=update)
