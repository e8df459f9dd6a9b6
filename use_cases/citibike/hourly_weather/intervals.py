"""Conformal intervals by lead time, part of the day and rain: errors grow with the age of a forecast.

The bounds of a lead then follow what was missed lately (``following``), because forecasts change with time.
Source: as ``model.intervals``.
"""

import datetime as dt
from itertools import product

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bikecast.arrays import Array, Hours, Ints, Mask, Matrix
from bikecast.errors import JudgementError
from use_cases.citibike.hourly_weather.features import OBSERVED, POSITION, lead_of
from use_cases.citibike.hourly_weather.of_day import WET_INCH
from use_cases.citibike.model.intervals import SMALLEST_GROUP, growth
from use_cases.citibike.segments import BAND_STARTS, BANDS

ANY, DRY, SHOWERS, WET = "any", "dry", "wet day", "wet"


class LeadInterval(BaseModel):
    """Quantiles of the relative error by ``<lead>|<hour band>|<weather>``; lead -1 is observed weather.

    Weather ``any`` stands in for groups too small to calibrate. ``widths`` are factors of the lower and upper
    bound by ``<lead>|<wet or dry>``, 1 where absent, that have seen the days up to ``as_of``.
    """

    # Part of the champion manifest: a field that newer code added stays in it.
    model_config = ConfigDict(frozen=True, extra="allow")

    coverage: float = Field(0.9, gt=0, lt=1)
    groups: dict[str, tuple[float, float]]
    widths: dict[str, tuple[float, float]] = Field(default_factory=dict)
    as_of: dt.date | None = None

    def bounds(self, features: Matrix, values: Array) -> tuple[Array, Array]:
        """Return lower and upper bounds for predictions of these rows, none negative; shape (n,)."""
        widths = [self.widths.get(key, (1.0, 1.0)) for key in width_keys(features)]
        return bounds_of(values, self.quantiles(features) * np.asarray(widths).reshape(-1, 2))

    def quantiles(self, features: Matrix) -> Array:
        """Return the quantiles of the relative error as they were calibrated; shape (n, 2)."""
        rows = [self._quantiles(*key) for key in zip(*_keys(features), strict=True)]
        return np.asarray(rows, dtype=np.float64).reshape(-1, 2)

    def _quantiles(self, lead: int, band: str, weather: str) -> tuple[float, float]:
        return self.groups.get(f"{lead}|{band}|{weather}") or self.groups[f"{lead}|{band}|{ANY}"]


def bounds_of(values: Array, quantiles: Array) -> tuple[Array, Array]:
    """Return lower and upper bounds for predictions and quantiles of their relative error, none negative."""
    low = np.maximum(values * (1 + quantiles[:, 0]), 0.0)
    return low, np.maximum(values * (1 + quantiles[:, 1]), low)


def width_keys(features: Matrix) -> list[str]:
    """Return what each row's bounds follow together: its lead, and whether it is wet."""
    falls = np.where(wet(features), WET, DRY).tolist()
    return [f"{int(lead)}|{each}" for lead, each in zip(lead_of(features).tolist(), falls, strict=True)]


def wet(features: Matrix) -> Mask:
    """Tell the hours in which rain or snow falls."""
    falls = features[:, POSITION["rain"]] + features[:, POSITION["snowfall"]]
    found: Mask = falls >= WET_INCH
    return found


def _keys(features: Matrix) -> tuple[list[int], list[str], list[str]]:
    band = np.searchsorted(BAND_STARTS, features[:, POSITION["hour"]], side="right") - 1
    of_day = features[:, POSITION["rain_of_day"]] + features[:, POSITION["snow_of_day"]] >= 0.1
    weather = np.where(wet(features), WET, np.where(of_day, SHOWERS, DRY))
    leads: Ints = lead_of(features).astype(np.int64)
    return leads.tolist(), [BANDS[index] for index in band.tolist()], weather.tolist()


def calibrate(
    features: Matrix, actual: Array, predicted: Array, *, days: Hours, coverage: float = 0.9
) -> LeadInterval:
    """Calibrate on predictions that were made without seeing ``actual``.

    Wet hours are few, and those of a day err together: forecasts of neighbouring leads share theirs, and the
    ranks are taken as of so many days.

    Args:
        features: Shape (n, n_features).
        actual: Trips; shape (n,).
        predicted: At their level; shape (n,).
        days: The day of each row; shape (n,).
        coverage: The share of hours that the bounds are to hold.
    Raises:
        JudgementError: A band of hours has too few rows at some lead.
    """
    error = actual / predicted - 1
    leads, bands, weathers = (np.asarray(part) for part in _keys(features))
    groups: dict[str, tuple[float, float]] = {}
    for lead, band, weather in product(np.unique(leads).tolist(), BANDS, (ANY, DRY, SHOWERS, WET)):
        near = _alike(leads, lead) if weather == WET else leads == lead
        inside = near & (bands == band) & ((weathers == weather) | (weather == ANY))
        if weather == ANY and inside.sum() < SMALLEST_GROUP:
            raise JudgementError(
                f"hours {band} at lead {lead} have {inside.sum()} rows to calibrate on; "
                f"{SMALLEST_GROUP} are needed"
            )
        if inside.sum() >= SMALLEST_GROUP:
            n_alone = np.unique(days[inside]).size if weather == WET else int(inside.sum())
            groups[f"{lead}|{band}|{weather}"] = _quantiles(error[inside], coverage, n_alone=n_alone)
    return LeadInterval(coverage=coverage, groups=groups)


def _alike(leads: Ints, lead: int) -> Mask:
    """Tell the rows whose wet hours err like those of a lead."""
    near = 0 if lead == OBSERVED else 1
    found: Mask = (np.abs(leads - lead) <= near) & ((leads == OBSERVED) == (lead == OBSERVED))
    return found


def widened(interval: LeadInterval, leads: Array, *, out_of_fold: Array, rolling: Array) -> LeadInterval:
    """Widen the leads at which time itself costs accuracy; none is narrowed.

    Args:
        interval: From ``calibrate``.
        leads: Of rows that both kinds of predictions have; shape (n,).
        out_of_fold: Absolute relative errors of models that saw the days around.
        rolling: Those of models that saw only the past.
    """
    wider = {
        int(lead): growth(out_of_fold[leads == lead], rolling[leads == lead])
        for lead in np.unique(leads).tolist()
    }
    groups = {
        key: (low * wider.get(int(key.split("|")[0]), 1.0), high * wider.get(int(key.split("|")[0]), 1.0))
        for key, (low, high) in interval.groups.items()
    }
    return interval.model_copy(update={"groups": groups})


def _quantiles(errors: Array, coverage: float, *, n_alone: int) -> tuple[float, float]:
    """Return the conformal quantiles of errors of which so many are independent of each other."""
    ordered, tail = np.sort(errors), (1 - coverage) / 2
    below = max((n_alone + 1) * tail - 1, 0.0) / n_alone  # the share of errors outside each bound
    place = int(np.floor(below * errors.size))
    return float(ordered[place]), float(ordered[errors.size - 1 - place])
