"""Conformal intervals: how far actual demand strayed from honest predictions of the same kind of hour.

Split-conformal with groups (Mondrian): the bounds are quantiles of actual/predicted within a band of
hours and kind of weather, taken from rolling-origin predictions that the model did not see.
Source: Vovk, Gammerman, Shafer, "Algorithmic Learning in a Random World", section 4.5.
"""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bikecast import segments
from bikecast.arrays import Array, Matrix
from bikecast.errors import JudgementError

SMALLEST_GROUP = 60
ANY = "any"


class IntervalCalibration(BaseModel):
    """Lower and upper factor on the prediction, by group.

    ``groups`` maps ``<hour band>|<weather>`` to (low, high); weather ``any`` answers for groups that
    were too small to calibrate.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage: float = Field(0.9, gt=0, lt=1)
    n_calibration: int = 0
    groups: dict[str, tuple[float, float]]

    def bounds(self, features: Matrix, values: Array) -> tuple[Array, Array]:
        """Return lower and upper bounds for predictions of these feature rows; each of shape (n,)."""
        factors = np.asarray([self._factors(*key) for key in zip(*_keys(features), strict=True)])
        factors = factors.reshape(-1, 2)
        return values * factors[:, 0], values * factors[:, 1]

    def _factors(self, band: str, weather: str) -> tuple[float, float]:
        return self.groups.get(f"{band}|{weather}", self.groups[f"{band}|{ANY}"])


def _keys(features: Matrix) -> tuple[list[str], list[str]]:
    bands = [segments.BANDS[index] for index in segments.hour_band(features)]
    wet = segments.rain(features) | (segments.column(features, "SNOW") > 0)
    return bands, ["wet" if flag else "dry" for flag in wet]


def calibrate(
    features: Matrix, actual: Array, predicted: Array, *, coverage: float = 0.9
) -> IntervalCalibration:
    """Calibrate on predictions that were made without seeing ``actual``.

    Raises:
        JudgementError: A band of hours has too few rows, or a value is not positive and finite.
    """
    if not (np.isfinite(actual).all() and np.isfinite(predicted).all() and (predicted > 0).all()):
        raise JudgementError("intervals need finite actual and positive predicted trips")
    ratio = actual / predicted
    bands, weathers = (np.asarray(keys) for keys in _keys(features))
    groups: dict[str, tuple[float, float]] = {}
    for band in segments.BANDS:
        groups[f"{band}|{ANY}"] = _quantiles(ratio[bands == band], coverage, band)
        for weather in ("dry", "wet"):
            rows = ratio[(bands == band) & (weathers == weather)]
            if rows.size >= SMALLEST_GROUP:
                groups[f"{band}|{weather}"] = _quantiles(rows, coverage, band)
    return IntervalCalibration(coverage=coverage, n_calibration=ratio.size, groups=groups)


def _quantiles(ratio: Array, coverage: float, band: str) -> tuple[float, float]:
    """Return the conformal quantiles: the ranks that cover with at least the stated probability."""
    if ratio.size < SMALLEST_GROUP:
        raise JudgementError(
            f"hours {band} have {ratio.size} rows to calibrate on; {SMALLEST_GROUP} are needed"
        )
    ordered, tail = np.sort(ratio), (1 - coverage) / 2
    low = max(int(np.floor((ratio.size + 1) * tail)) - 1, 0)
    high = min(int(np.ceil((ratio.size + 1) * (1 - tail))) - 1, ratio.size - 1)
    return float(ordered[low]), float(ordered[high])
