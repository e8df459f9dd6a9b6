"""Hourly weather: its names, files of it, and the day that it makes."""

import pandas as pd
import pandera.pandas as pa

from bikecast.contracts import checked
from bikecast.errors import InputError
from bikecast.names import TIME_ZONE
from bikecast.tables import checked_weather

# Our name to Open-Meteo's. Units: °F, inch, mph, %.
HOURLY_FIELDS = {
    "temperature": "temperature_2m",
    "humidity": "relative_humidity_2m",
    "rain": "rain",
    "snowfall": "snowfall",
    "snow_depth": "snow_depth",
    "cloud_cover": "cloud_cover",
    "wind": "wind_speed_10m",
}
# Older exports leave out underscores.
_OLDER_NAMES = {
    "cloudcover": "cloud_cover",
    "windspeed_10m": "wind_speed_10m",
    "relativehumidity_2m": "relative_humidity_2m",
}
_INCHES_PER_FOOT = 12.0
_HOURS_OF_A_WHOLE_DAY = 23  # the day that spring shortens

HOURLY_WEATHER = pa.DataFrameSchema(
    {
        "timestamp": pa.Column("datetime64[s]", coerce=True),
        "temperature": pa.Column(float, pa.Check.in_range(-50, 130), nullable=True, coerce=True),
        "rain": pa.Column(float, pa.Check.in_range(0, 10), nullable=True, coerce=True),
        "snowfall": pa.Column(float, pa.Check.in_range(0, 20), nullable=True, coerce=True),
        "wind": pa.Column(float, pa.Check.in_range(0, 150), nullable=True, coerce=True),
    },
    strict=False,
    name="hourly weather",
)


def daily_from_hourly(hourly: pd.DataFrame) -> pd.DataFrame:
    """Summarise whole days in the daily table's columns: extremes, sums, means.

    Snow depth comes in feet, everything else in the table's units.

    Raises:
        DataError: A value breaks a contract.
    """
    hours = checked(hourly, HOURLY_WEATHER)
    day = hours["timestamp"].dt.normalize().astype("datetime64[ns]").rename("DATE")
    groups = hours.groupby(day)
    daily = pd.DataFrame(
        {
            "TMAX": groups["temperature"].max(),
            "TMIN": groups["temperature"].min(),
            "SNOW": groups["snowfall"].sum(min_count=1),
            "PRCP": groups["rain"].sum(min_count=1),
            "AWND": groups["wind"].mean(),
            "TAVG": groups["temperature"].mean(),
        }
    )
    if "snow_depth" in hours:
        daily["SNWD"] = groups["snow_depth"].max() * _INCHES_PER_FOOT
    whole = groups["temperature"].count() >= _HOURS_OF_A_WHOLE_DAY
    return checked_weather(daily[whole].dropna(subset=["TMAX", "TMIN", "SNOW"]).round(2).reset_index())


def is_hourly(raw: pd.DataFrame) -> bool:
    """Tell hours from days by their columns."""
    return {"time", HOURLY_FIELDS["temperature"]} <= set(raw.columns)


def named_hours(name: str, raw: pd.DataFrame) -> pd.DataFrame:
    """Return the hours of an export of Open-Meteo, in our names.

    ``issued_at`` is kept where the file has an ``issue_date`` (and ``issue_hour``), the forecasts' own
    wall-clock time; it is missing for observations.

    Raises:
        InputError: It lacks a column.
        DataError: A value breaks the contract.
    """
    named = raw.rename(columns=_OLDER_NAMES).rename(
        columns={theirs: ours for ours, theirs in HOURLY_FIELDS.items()}
    )
    missing = [
        column for column in ("time", "temperature", "rain", "snowfall", "wind") if column not in named
    ]
    if missing:
        raise InputError(f"{name} is no hourly weather: it lacks {missing}; found {list(raw.columns)}")
    known = [ours for ours in HOURLY_FIELDS if ours in named]
    frame = named[known].assign(
        timestamp=pd.to_datetime(named["time"]).dt.as_unit("s"), issued_at=_issued_at(named)
    )
    return checked(frame, HOURLY_WEATHER)


def newest_forecast(hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Return the days from the newest issue's own on, each by the latest issue that has it whole.

    Args:
        hours: Forecast hours with ``issued_at`` (aware UTC), of one issue or many.
    Returns:
        Days in the weather table's columns, and the issue time that none of them is older than.
    Raises:
        InputError: No issue has a whole day.
        DataError: A value breaks a contract.
    """
    first = hours["issued_at"].max().tz_convert(TIME_ZONE).normalize().tz_localize(None)
    ahead = hours[hours["timestamp"] >= first]
    found: list[pd.DataFrame] = []
    for issued_at, issue in ahead.groupby("issued_at", sort=True):
        days = daily_from_hourly(issue).assign(issued_at=issued_at)
        found.append(days)
    days = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["DATE", "issued_at"])
    if days.empty:
        raise InputError(f"no forecast has a whole day from {first.date()} on")
    newest = days.drop_duplicates("DATE", keep="last").sort_values("DATE", ignore_index=True)
    return newest.drop(columns="issued_at"), newest["issued_at"].min()


def _issued_at(named: pd.DataFrame) -> pd.Series:
    if "issue_date" not in named:
        return pd.Series(pd.NaT, index=named.index, dtype="datetime64[us, UTC]")
    wall = pd.to_datetime(named["issue_date"]) + pd.to_timedelta(named.get("issue_hour", 0), unit="h")
    local = wall.dt.tz_localize(TIME_ZONE, ambiguous=True, nonexistent="shift_forward")
    return local.dt.tz_convert("UTC").astype("datetime64[us, UTC]")
