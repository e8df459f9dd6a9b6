"""What is known at an origin, and the regular frames of hours that libraries of time series want."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bikecast.arrays import Array, Matrix
from use_cases.citibike.hourly_weather.features import HourlyRows
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast

REGRESSORS = ("apparent", "rain", "rain_around", "snowfall", "wind", "workday", "hol_major")
DAY, WEEK = 24, 168


@dataclass(frozen=True)
class Known:
    """What is known at an origin.

    Attributes:
        sample: Hours before it.
        rows: Their rows by lead.
        history: Hours with measured weather, columns ``ds``, ``y`` and ``REGRESSORS``.
        future: The week's hours by the newest forecast.
        features: Their rows for our model.
    """

    sample: Sample
    rows: HourlyRows
    history: pd.DataFrame
    future: pd.DataFrame
    features: Matrix


def regular(history: pd.DataFrame) -> pd.DataFrame:
    """Return every hour; one that is missing has the trips of a week before and the nearest weather."""
    hours = pd.date_range(history["ds"].min(), history["ds"].max(), freq="h")
    whole = history.set_index("ds").reindex(hours)
    trips = whole["y"].fillna(whole["y"].shift(WEEK)).ffill()
    return whole.ffill().assign(y=trips).rename_axis("ds").reset_index()


def week(known: Known) -> pd.DataFrame:
    """Return the 168 hours after the history; those that are not judged have the nearest weather."""
    first = known.history["ds"].max() + pd.Timedelta(hours=1)
    hours = pd.date_range(first, periods=WEEK, freq="h")
    whole = known.future.set_index("ds").reindex(hours).ffill().bfill()
    return whole.rename_axis("ds").reset_index()


def waves(stamps: "pd.Series[pd.Timestamp]") -> pd.DataFrame:
    hour = (stamps.dt.dayofweek * DAY + stamps.dt.hour).to_numpy()
    angles = {
        f"{period}_{k}": 2 * np.pi * k * hour / period
        for period, most in ((DAY, 6), (WEEK, 4))
        for k in range(1, most + 1)
    }
    waves = {
        f"{wave.__name__}_{name}": wave(angle) for name, angle in angles.items() for wave in (np.sin, np.cos)
    }
    return pd.DataFrame(waves, index=stamps.index)


def at_hours(known: Known, found: pd.DataFrame, value: str, low: str, high: str) -> Forecast:
    rows = found.set_index("ds").loc[known.future["ds"]]
    parts = [np.maximum(rows[name].to_numpy(dtype=float), 0) for name in (value, low, high)]
    return Forecast(*parts)


def alone(values: Array) -> Forecast:
    nothing = np.full(values.shape, np.nan)
    return Forecast(np.maximum(values.astype(float), 0), nothing, nothing)
