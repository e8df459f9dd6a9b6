"""The hours that the model benchmarks learn from: New York 2024 if at hand, a made-up city otherwise."""

import os
import tempfile
from pathlib import Path

import pandas as pd

from bikecast.database import DatabaseSettings
from tests.training_job import world as made_up
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.training.dataset import COLUMNS, read_hours, to_sample


def read_sample() -> tuple[Sample, str]:
    """Return hours with features, and what they are."""
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is not None:
        return to_sample(read_year(Path(folder), 2024)), "New York 2024"
    with tempfile.TemporaryDirectory() as scratch:
        city = made_up.build(Path(scratch), DatabaseSettings(host="nowhere", user="nobody"))
        frame = read_hours(city.context.data, made_up.START, made_up.END)
    return to_sample(frame), "a made-up city (simulated)"


def read_year(folder: Path, year: int) -> pd.DataFrame:
    """Return one year of the real files, one row an hour, as the steps would read it."""
    parts = pd.read_parquet(folder / f"nyc/citibike/{year}-citibike-tripdata.parquet")
    parts = parts[parts["date"].dt.year == year]
    hourly = parts.groupby(["date", "hour"], as_index=False).agg({"trips": "sum", "holiday": "max"})
    weather = pd.read_parquet(folder / f"nyc/weather_raw/{year}-weather.parquet")
    frame = hourly.merge(weather, left_on="date", right_on="DATE")
    frame["timestamp"] = frame["date"] + pd.to_timedelta(frame["hour"], unit="h")
    ordered: pd.DataFrame = frame.sort_values("timestamp", ignore_index=True)[list(COLUMNS)]
    return ordered
