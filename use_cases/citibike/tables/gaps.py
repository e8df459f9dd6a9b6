"""Stretches without a ride inside whole files: the system was shut, as in the blizzard of January 2016."""

import numpy as np
import pandas as pd

from use_cases.citibike.tables.closures import Closure
from use_cases.citibike.wall_time import wall_hours

# A night without a ride is none; a week without one is missing data.
FEWEST_HOURS, MOST_HOURS = 6, 168
# Where so many rides are usual, none at all is not chance.
_CERTAIN_TRIPS = 20


def find_gaps(hourly: pd.DataFrame) -> list[Closure]:
    """Return the stretches of a month without any ride although rides are usual at these hours.

    Args:
        hourly: One month's hours with rides: ``date, hour, trips``.
    """
    found = pd.DatetimeIndex(hourly["date"] + pd.to_timedelta(hourly["hour"], unit="h"))
    if found.empty:
        return []
    clock = wall_hours(found.min().date(), found.max().date())
    inside = clock[(clock >= found.min()) & (clock <= found.max())]
    usual = hourly.groupby("hour")["trips"].median().reindex(range(24), fill_value=0)
    is_absent = ~inside.isin(found)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_absent.astype(np.int8), [0]))))
    runs = [inside[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True)]
    return [
        Closure(first=run[0].to_pydatetime(), last=run[-1].to_pydatetime())
        for run in runs
        if FEWEST_HOURS <= len(run) <= MOST_HOURS and usual[run.hour].sum() >= _CERTAIN_TRIPS
    ]
