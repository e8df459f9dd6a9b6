"""Hours as New York's clocks show them."""

import datetime as dt
from collections.abc import Iterable

import pandas as pd

from bikecast.names import TIME_ZONE


def wall_hours(start: dt.date, end: dt.date) -> pd.DatetimeIndex:
    """Return every hour that clocks show from ``start`` to ``end`` inclusive, naive and without repetition.

    The hour that spring skips is absent; the hour that autumn repeats is there once.
    """
    day_after = end + dt.timedelta(days=1)
    instants = pd.date_range(start, day_after, freq="h", tz=TIME_ZONE, inclusive="left")
    return pd.DatetimeIndex(instants.tz_localize(None).unique())


def is_repeated(times: "pd.Series[pd.Timestamp]") -> "pd.Series[bool]":
    """Tell which wall-clock times are in the hour that autumn repeats."""
    return (
        times.dt.tz_localize(TIME_ZONE, ambiguous="NaT", nonexistent="shift_forward").isna() & times.notna()
    )


def span(times: Iterable[pd.Timestamp], *, shown: int = 8) -> str:
    """Name the days of ``times``, runs of days as ``first..last``, at most ``shown`` runs."""
    days = sorted({pd.Timestamp(time).date() for time in times})
    runs: list[list[dt.date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == dt.timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [f"{run[0]}" if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs]
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more runs" if more > 0 else "")
