"""Conformal intervals: how far actual demand was from out-of-sample predictions of such an hour.

The relative error is divided by a scale that depends on hour, weather and kind of day; what is left is
ranked within groups (Mondrian), and the bounds are its conformal quantiles.
Source: Lei et al., "Distribution-free predictive inference for regression", 2018, section 5.2; Vovk et
al., "Algorithmic Learning in a Random World", section 4.5.
"""

from typing import NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bikecast.arrays import Array, Ints, Mask, Matrix
from bikecast.errors import JudgementError
from use_cases.citibike import segments

SMALLEST_GROUP = 60
ANY, DRY, WET, UNKNOWN = "any", "dry", "wet", "unknown"
RIDGE = 5.0
MOST_GROWTH = 1.5
SMALLEST_ERROR = 0.01  # relative; keeps the logarithm of a lucky hit finite
_BANDS = tuple(enumerate(segments.BANDS))


class IntervalCalibration(BaseModel):
    """What turns a prediction into an interval.

    ``scale`` are the weights of the log of the relative error; ``groups`` maps ``<hour band>|<weather>``
    to the quantiles of the scaled error, weather ``any`` standing in for groups too small to calibrate.
    """

    # Part of the champion manifest: a field that newer code added stays in it.
    model_config = ConfigDict(frozen=True, extra="allow")

    coverage: float = Field(0.9, gt=0, lt=1)
    n_calibration: int = 0
    scale: dict[str, float]
    groups: dict[str, tuple[float, float]]

    def bounds(self, features: Matrix, values: Array) -> tuple[Array, Array]:
        """Return lower and upper bounds for predictions of these feature rows, none negative; shape (n,)."""
        hours = _Hours.of(features)
        bands, weathers = hours.kinds()
        rows = [self._quantiles(band, weather) for band, weather in zip(bands, weathers, strict=True)]
        quantiles = np.asarray(rows, dtype=np.float64).reshape(-1, 2)
        spread = values * hours.scale(self.scale)
        low = np.maximum(values + spread * quantiles[:, 0], 0.0)
        return low, np.maximum(values + spread * quantiles[:, 1], low)

    def _quantiles(self, band: str, weather: str) -> tuple[float, float]:
        return self.groups.get(f"{band}|{weather}", self.groups[f"{band}|{ANY}"])


class _Hours(NamedTuple):
    """What the size of an error depends on, one value an hour."""

    band: Ints
    rain_inch: Array  # NaN where it is unknown
    snows: Mask
    wet: Mask
    holiday: Mask
    day_off: Mask

    @classmethod
    def of(cls, features: Matrix) -> Self:
        rain, snows = segments.column(features, "PRCP"), segments.column(features, "SNOW") > 0
        holiday, day_off = segments.column(features, "holiday") > 0, segments.column(features, "workday") == 0
        return cls(
            segments.hour_band(features), rain, snows, segments.rain(features) | snows, holiday, day_off
        )

    @property
    def unknown(self) -> Mask:
        return np.isnan(self.rain_inch)

    def kinds(self) -> tuple[list[str], list[str]]:
        """Return the band of hours and the weather of each."""
        weather = np.where(self.unknown, UNKNOWN, np.where(self.wet, WET, DRY))
        return [segments.BANDS[index] for index in self.band.tolist()], weather.tolist()

    def design(self) -> tuple[list[str], Matrix]:
        """Return the names of the terms, and the terms; shape (n_terms, n)."""
        columns: dict[str, Array | Mask] = {f"hours {name}": self.band == i for i, name in _BANDS}
        columns |= {"wet": self.wet, "snow": self.snows, "holiday": self.holiday, "day off": self.day_off}
        columns["root of rain"] = np.sqrt(np.fmax(self.rain_inch, 0.0))  # NaN becomes 0
        return list(columns), np.array(list(columns.values()), dtype=np.float64)

    def scale(self, weights: dict[str, float]) -> Array:
        """Return the size of an error as the weights say; shape (n,)."""
        names, design = self.design()
        scale: Array = np.exp(np.array([weights[name] for name in names]) @ design)
        return scale


def calibrate(
    features: Matrix, actual: Array, predicted: Array, *, coverage: float = 0.9
) -> IntervalCalibration:
    """Calibrate on predictions that were made without seeing ``actual``.

    Raises:
        JudgementError: A band of hours has too few rows, or a value is not positive and finite.
    """
    if not (np.isfinite(actual).all() and np.isfinite(predicted).all() and (predicted > 0).all()):
        raise JudgementError("intervals need finite actual and positive predicted trips")
    error = actual / predicted - 1
    hours = _Hours.of(features)
    known = ~hours.unknown
    rows = known if known.any() else ~known
    weights = _fit_scale(features[rows], error[rows])
    groups = _group_quantiles(hours, error / hours.scale(weights), coverage)
    return IntervalCalibration(coverage=coverage, n_calibration=error.size, scale=weights, groups=groups)


def widened(
    calibration: IntervalCalibration, features: Matrix, actual: Array, *, out_of_fold: Array, rolling: Array
) -> IntervalCalibration:
    """Widen the bands of hours in which time itself costs accuracy; none is narrowed.

    Left-out blocks have seen the days around them and know nothing of drift. Where predictions of the same
    hours from a rolling origin err more, the band's bounds grow by the ratio of the two errors' quantiles.

    Args:
        calibration: From ``calibrate``.
        features: Hours that both kinds of predictions have.
        actual: Trips.
        out_of_fold: Predictions at their level by models that saw the days around.
        rolling: Predictions at their level by models that saw only the past.
    """
    hours = _Hours.of(features)
    scale, bands = hours.scale(calibration.scale), hours.band
    wider = {
        name: growth(
            *(np.abs(actual / p - 1)[bands == index] / scale[bands == index] for p in (out_of_fold, rolling))
        )
        for index, name in enumerate(segments.BANDS)
    }
    groups = {
        key: (low * wider[key.split("|")[0]], high * wider[key.split("|")[0]])
        for key, (low, high) in calibration.groups.items()
    }
    return calibration.model_copy(update={"groups": groups})


def growth(out_of_fold: Array, rolling: Array) -> float:
    """Return by how much errors from a rolling origin exceed those of left-out blocks, at least 1."""
    if rolling.size < SMALLEST_GROUP:
        return 1.0
    ratio = float(np.quantile(rolling, 0.9) / np.quantile(out_of_fold, 0.9))
    return float(np.clip(ratio, 1.0, MOST_GROWTH))


def _fit_scale(features: Matrix, error: Array) -> dict[str, float]:
    names, design = _Hours.of(features).design()
    target = np.log(np.abs(error) + SMALLEST_ERROR)
    weights = np.linalg.solve(design @ design.T + RIDGE * np.eye(len(names)), design @ target)
    return dict(zip(names, weights.tolist(), strict=True))


def _group_quantiles(hours: _Hours, scaled: Array, coverage: float) -> dict[str, tuple[float, float]]:
    bands, weathers = (np.asarray(kinds) for kinds in hours.kinds())
    groups: dict[str, tuple[float, float]] = {}
    for band in segments.BANDS:
        groups[f"{band}|{ANY}"] = _quantiles(scaled[bands == band], coverage, band)
        for weather in (DRY, WET, UNKNOWN):
            rows = scaled[(bands == band) & (weathers == weather)]
            if rows.size >= SMALLEST_GROUP:
                groups[f"{band}|{weather}"] = _quantiles(rows, coverage, band)
    return groups


def _quantiles(scaled: Array, coverage: float, band: str) -> tuple[float, float]:
    """Return the conformal quantiles: the ranks that cover with at least the stated probability."""
    if scaled.size < SMALLEST_GROUP:
        raise JudgementError(
            f"hours {band} have {scaled.size} rows to calibrate on; {SMALLEST_GROUP} are needed"
        )
    ordered, tail = np.sort(scaled), (1 - coverage) / 2
    low = max(int(np.floor((scaled.size + 1) * tail)) - 1, 0)
    high = min(int(np.ceil((scaled.size + 1) * (1 - tail))) - 1, scaled.size - 1)
    return float(ordered[low]), float(ordered[high])
