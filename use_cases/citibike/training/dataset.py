"""Tables to samples and back: the only place where the steps see frames."""

import datetime as dt
import hashlib

import numpy as np
import pandas as pd

from bikecast.storage import ObjectStore
from use_cases.citibike.features import OPTIONAL_WEATHER, REQUIRED_WEATHER, build_features
from use_cases.citibike.model.backtest import Sample

WEATHER = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
COLUMNS = ("timestamp", "trips", "holiday", *WEATHER)


def read_hours(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return demand with weather, one row an hour, columns ``COLUMNS``; optional weather may be NaN.

    Raises:
        DataError: Hours or weather are missing; the message names them.
    """
    # Its contracts take a second to import, and most steps read a training set that has passed them.
    from use_cases.citibike.tables.hourly import join_weather, read_hourly, read_weather

    joined = join_weather(read_hourly(store, start, end), read_weather(store, start, end))
    frame = joined.reindex(columns=list(COLUMNS))
    return frame.sort_values("timestamp", ignore_index=True)


def read_period(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return what ``read_hours`` does for every hour with weather; ``trips`` is NaN where no demand is known.

    Raises:
        DataError: More than 1 % of the hours have no weather, or a contract is broken.
    """
    from use_cases.citibike.tables.hourly import join_weather, known_hourly, read_weather
    from use_cases.citibike.wall_time import wall_hours

    hours = wall_hours(start, end)
    clock = pd.DataFrame({"date": hours.normalize(), "hour": hours.hour.astype("int32")})
    hourly = clock.merge(known_hourly(store, start, end), on=["date", "hour"], how="left")
    return join_weather(hourly, read_weather(store, start, end)).reindex(columns=list(COLUMNS))


def to_sample(frame: pd.DataFrame) -> Sample:
    """Return hours, features and trips of a frame with ``COLUMNS``."""
    hours = frame["timestamp"].to_numpy(dtype="datetime64[s]")
    weather = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in WEATHER}
    return Sample(hours, build_features(hours, weather), frame["trips"].to_numpy(dtype=np.float64))


def content_hash(frame: pd.DataFrame) -> str:
    """Return a hash of the values, whatever file they came in."""
    digest = hashlib.sha256()
    digest.update(frame["timestamp"].to_numpy(dtype="datetime64[s]").tobytes())
    for name in COLUMNS[1:]:
        digest.update(frame[name].to_numpy(dtype=np.float64, na_value=np.nan).tobytes())
    return digest.hexdigest()


def midnight(day: dt.date) -> np.datetime64:
    """Return the first hour of a day."""
    return np.datetime64(day, "s")
