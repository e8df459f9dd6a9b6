"""How complete the months just counted are: hours without trips, strays, hours without weather."""

from collections.abc import Mapping

import pandas as pd

from bikecast.storage import ObjectStore
from use_cases.citibike.loading.reports import Coverage
from use_cases.citibike.tables.closures import read_closures
from use_cases.citibike.tables.hourly import known_weather
from use_cases.citibike.wall_time import span, wall_hours

# A month of which fewer hours have trips has no file of its own yet: others brought its last hours.
STRAY_HOURS = 24


def measure(store: ObjectStore, counted: Mapping[str, pd.DataFrame]) -> Coverage:
    """Compare the counted hours with the clock and with the stored weather.

    Args:
        store: The data bucket.
        counted: Hours with trips by start month.
    """
    whole = {month: hourly for month, hourly in counted.items() if len(hourly) >= STRAY_HOURS}
    found = _hours(counted)
    closed = read_closures(store)
    absent = _expected(whole).difference(_hours(whole)).difference(closed.hours)
    dry = _without_weather(store, found)
    return Coverage(
        first_hour=found[0].to_pydatetime() if len(found) else None,
        last_hour=found[-1].to_pydatetime() if len(found) else None,
        hours=len(found),
        hours_missing=len(absent),
        days_with_missing_hours=span(absent),
        closures=tuple(
            str(closure)
            for closure in (*closed.declared, *closed.recognised)
            if not counted.keys().isdisjoint(closure.hours.strftime("%Y-%m"))
        ),
        partial_months={
            month: int(counted[month]["trips"].sum()) for month in sorted(set(counted) - set(whole))
        },
        hours_without_weather=len(dry),
        days_without_weather=span(dry),
    )


def _hours(counted: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    parts = [hourly["date"] + pd.to_timedelta(hourly["hour"], unit="h") for hourly in counted.values()]
    return pd.DatetimeIndex(pd.concat(parts)).sort_values() if parts else pd.DatetimeIndex([])


def _expected(months: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    """Every hour of the months, but not before the first nor after the last one that has trips."""
    found = _hours(months)
    if found.empty:
        return found
    periods = [pd.Period(month) for month in sorted(months)]
    clock = wall_hours(periods[0].start_time.date(), periods[-1].end_time.date())
    in_months = clock.strftime("%Y-%m").isin(list(months))
    return pd.DatetimeIndex(clock[in_months & (clock >= found[0]) & (clock <= found[-1])])


def _without_weather(store: ObjectStore, hours: pd.DatetimeIndex) -> pd.DatetimeIndex:
    if not len(hours):
        return hours
    weather = known_weather(store, hours[0].date(), hours[-1].date())
    return pd.DatetimeIndex(hours[~hours.normalize().isin(weather["DATE"])])
