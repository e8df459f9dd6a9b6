"""Rows to learn and judge on: every hour by observed weather, and by each forecast of it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bikecast.arrays import Hours
from use_cases.citibike.hourly_weather import features
from use_cases.citibike.hourly_weather.features import OBSERVED, VALUES, HourlyRows
from use_cases.citibike.hourly_weather.table import PAST_DAYS, HourlyWeather, lead_days
from use_cases.citibike.model.backtest import Sample

_FEWEST_HOURS = 24  # of a forecast that is worth learning from


def lead_rows(sample: Sample, weather: HourlyWeather) -> HourlyRows:
    """Return the rows of a sample's hours, those by observed weather first; none without weather."""
    observed = weather.observed.sort_values("timestamp", ignore_index=True)
    parts = [_rows(sample.hours, stretch) for stretch in _stretches(observed)]
    parts += [_rows(sample.hours, stretch) for stretch in _issues(observed, weather.forecasts)]
    found = [part for part in parts if part.place.size]
    if not found:
        return HourlyRows(np.empty(0, dtype=np.int64), np.empty((0, len(features.NAMES)), dtype=np.float32))
    place, matrix = np.concatenate([p.place for p in found]), np.vstack([p.features for p in found])
    return HourlyRows(place, features.beside_station(matrix, sample.features[place]))


def _stretches(observed: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield observed hours between gaps of more than the one that spring makes."""
    gap = observed["timestamp"].diff() > pd.Timedelta(hours=2)
    for _, part in observed.groupby(gap.cumsum()):
        yield part.assign(lead_days=OBSERVED)


def _issues(observed: pd.DataFrame, forecasts: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield each forecast, after the hours that were observed when it was issued."""
    known = observed["timestamp"].to_numpy()
    for issued_at, issue in forecasts.groupby("issued_at", sort=True):
        if len(issue) >= _FEWEST_HOURS:
            yield stretch_of_issue(observed, known, issue, pd.Timestamp(str(issued_at)))


def stretch_of_issue(
    observed: pd.DataFrame, known: Hours, issue: pd.DataFrame, issued_at: pd.Timestamp
) -> pd.DataFrame:
    """Return an issue's hours with their lead, and before them what was observed by then (lead missing)."""
    ahead = issue.sort_values("timestamp").assign(lead_days=lead_days(issue["timestamp"], issued_at))
    first = ahead["timestamp"].iloc[0].to_datetime64()
    places = np.searchsorted(known, [first - np.timedelta64(PAST_DAYS, "D"), first])
    past = observed.iloc[places[0] : places[1]].assign(lead_days=np.nan)
    return pd.concat([past, ahead], ignore_index=True) if len(past) else ahead


def _rows(hours: Hours, stretch: pd.DataFrame) -> HourlyRows:
    times = stretch["timestamp"].to_numpy(dtype="datetime64[s]")
    lead = stretch["lead_days"].to_numpy(dtype=np.float64)
    series = {name: stretch[name].to_numpy(dtype=np.float64) for name in VALUES if name in stretch}
    matrix = features.build(times, series, lead_days=lead)
    place = np.minimum(np.searchsorted(hours, times), hours.size - 1)
    wanted = (hours[place] == times) & np.isfinite(lead)
    return HourlyRows(place[wanted].astype(np.int64), matrix[wanted])
