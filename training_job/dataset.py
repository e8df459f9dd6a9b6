"""Tables to samples and back: the only place where the steps see frames."""

import datetime as dt
import hashlib
import io

import numpy as np
import pandas as pd

from bikecast.backtest import Sample
from bikecast.features import OPTIONAL_WEATHER, REQUIRED_WEATHER, build_features
from bikecast.names import DEFAULT_USE_CASE, Prefix, use_case_prefix
from bikecast.storage import ObjectStore

WEATHER = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
COLUMNS = ("timestamp", "trips", "holiday", *WEATHER)


def read_hours(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return demand with weather, one row an hour, columns ``COLUMNS``; optional weather may be NaN.

    Raises:
        DataError: Hours or weather are missing; the message names them.
    """
    # Its contracts take a second to import, and most steps read a training set that has passed them.
    from bikecast.tables import join_weather, read_hourly, read_weather

    joined = join_weather(read_hourly(store, start, end), read_weather(store, start, end))
    frame = joined.reindex(columns=list(COLUMNS))
    return frame.sort_values("timestamp", ignore_index=True)


def read_period(store: ObjectStore, start: dt.date, end: dt.date) -> pd.DataFrame:
    """Return what ``read_hours`` does for every hour with weather; ``trips`` is NaN where no demand is known.

    Raises:
        DataError: More than 1 % of the hours have no weather, or a contract is broken.
    """
    from bikecast.tables import join_weather, known_hourly, read_weather
    from bikecast.wall_time import wall_hours

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


def write_frame(store: ObjectStore, key: str, frame: pd.DataFrame) -> None:
    """Write a frame as parquet."""
    store.write(key, frame_bytes(frame))


def frame_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def read_frame(store: ObjectStore, key: str) -> pd.DataFrame:
    """Read a frame that ``write_frame`` wrote."""
    return pd.read_parquet(io.BytesIO(store.read(key).body))


def midnight(day: dt.date) -> np.datetime64:
    """Return the first hour of a day."""
    return np.datetime64(day, "s")


def training_set_key(data_hash: str, *, use_case: str = DEFAULT_USE_CASE) -> str:
    """Key of a training set, named after its content."""
    return f"{Prefix.TRAINING_SETS}{use_case_prefix(use_case)}{data_hash[:32]}.parquet"
