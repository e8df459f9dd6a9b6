"""What the loop works on: the demo's simulated files to load, or a real year as tables."""

import os
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.real_data import read_year
from bikecast.storage import FolderStore
from use_cases.citibike.console.files.simulations import FIRST_DAY, LAST_DAY, simulated_source
from use_cases.citibike.console.files.uploading import marker_key, raw_keys
from use_cases.citibike.tables.hourly import write_hourly, write_weather

WEATHER = ["TMAX", "TMIN", "SNOW", "PRCP", "AWND", "SNWD", "TAVG"]


def put_inputs(store: FolderStore) -> tuple[str, dict[str, int], dict[str, Any]]:
    """Put files or tables into the data bucket.

    Returns:
        What they are, the bytes of each file to load (none of tables), and the window to train on.
    """
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is not None:
        _put_year(store, read_year(Path(folder), 2024))
        return "New York 2024", {}, {"start_train_date": "2024-01-01", "end_train_date": "2024-12-31"}
    source = simulated_source()
    files = raw_keys(source)
    for path, key in (files | marker_key(source)).items():
        store.upload(path, key)
    window = {"start_train_date": FIRST_DAY.isoformat(), "end_train_date": LAST_DAY.isoformat()}
    return "the demo's simulated data", {key: path.stat().st_size for path, key in files.items()}, window


def _put_year(store: FolderStore, frame: pd.DataFrame) -> None:
    hours = frame["timestamp"].dt
    hourly = pd.DataFrame(
        {
            "date": hours.normalize(),
            "hour": hours.hour.astype("int32"),
            "trips": frame["trips"].astype("int64"),
            "holiday": frame["holiday"].astype("int64"),
        }
    )
    days = frame[hours.hour == 12]
    weather = days[WEATHER].assign(DATE=days["timestamp"].dt.normalize()).reset_index(drop=True)
    write_hourly(store, hourly)
    write_weather(store, weather[["DATE", *WEATHER]])
