"""The processed tables as the monitor wants them: with their gaps, which are what it looks for."""

import io
from typing import TYPE_CHECKING

import numpy as np

from bikecast.monitoring.windows import Window
from bikecast.storage import MissingObjectError, ObjectStore
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.monitoring.hours import Timestamps

if TYPE_CHECKING:
    import pandas as pd


def read_processed(store: ObjectStore, span: Window) -> tuple["pd.DataFrame", Timestamps]:
    """Return demand of the span's years with the day's weather, NaN where there is none.

    Returns:
        One row an hour with a column ``timestamp``, and the hours that the files hold more than once.
    Raises:
        DataError: A table breaks its contract.
    """
    import pandas as pd

    from use_cases.citibike.tables.hourly import checked_weather, repaired

    years = range(span.start.year, span.end.year + 1)
    demand = _tables(store, [citibike_key(year) for year in (years.start - 1, *years, years.stop)])
    weather = _tables(store, [weather_key(year) for year in years])
    if not demand or not weather:
        return pd.DataFrame({"timestamp": np.empty(0, "datetime64[s]")}), np.empty(0, "datetime64[s]")
    raw = pd.concat(demand, ignore_index=True)
    repeated = _stamps(raw[raw.duplicated(["date", "hour"])])
    days = checked_weather(pd.concat(weather, ignore_index=True))
    joined = repaired(raw).merge(days, left_on="date", right_on="DATE", how="left")
    joined["timestamp"] = _stamps(joined)
    return joined, repeated


def _tables(store: ObjectStore, keys: list[str]) -> list["pd.DataFrame"]:
    return [frame for key in keys if (frame := _table(store, key)) is not None]


def _table(store: ObjectStore, key: str) -> "pd.DataFrame | None":
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(store.read(key).body))
    except MissingObjectError:
        return None


def _stamps(frame: "pd.DataFrame") -> Timestamps:
    days = frame["date"].to_numpy(dtype="datetime64[s]")
    stamps: Timestamps = (days + frame["hour"].to_numpy().astype("timedelta64[h]")).astype("datetime64[s]")
    return stamps
