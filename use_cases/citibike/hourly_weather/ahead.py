"""The newest forecast by the hour, as the predictor reads it."""

from typing import Any

import pandas as pd

from bikecast.names import TIME_ZONE
from bikecast.storage import ObjectStore
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.hourly_weather.features import VALUES
from use_cases.citibike.hourly_weather.rows import stretch_of_issue
from use_cases.citibike.hourly_weather.table import normalised, read_hourly_weather

_GAP = pd.Timedelta(hours=2)  # spring leaves one hour out


def hours_ahead(store: ObjectStore, hours: pd.DataFrame) -> HoursAhead | None:
    """Return the newest issue, and before it what is observed; None if the issue has gaps.

    Args:
        store: The data bucket, whose table knows the weather of the days before.
        hours: Forecast hours with ``issued_at`` (aware UTC), of one issue or many.
    """
    newest = hours["issued_at"].max()
    issue = normalised(hours[hours["issued_at"] == newest])
    if issue.empty or (issue["timestamp"].sort_values().diff() > _GAP).any():
        return None
    first = issue["timestamp"].min()
    past = read_hourly_weather(store, first.date(), first.date())
    stretch = issue.sort_values("timestamp")
    if past is not None:
        observed = past.observed.sort_values("timestamp")
        known = observed["timestamp"].to_numpy()
        wall = newest.tz_convert(TIME_ZONE).tz_localize(None)
        joined = stretch_of_issue(observed, known, issue, wall)
        stretch = joined if not (joined["timestamp"].diff() > _GAP).any() else stretch
    columns: dict[str, Any] = {
        name: [None if pd.isna(value) else value for value in stretch[name].tolist()] for name in VALUES
    }
    return HoursAhead(issued_at=newest, time=tuple(stretch["timestamp"].dt.to_pydatetime()), values=columns)
