"""What weather files call their columns, told without reading a value."""

from collections.abc import Sequence

from bikecast.tabular.headers import name_and_unit, plain_name

# NOAA's daily elements; LCD is its other daily product, which spells them out.
DAILY_ELEMENTS = ("TMAX", "TMIN", "SNOW", "PRCP", "AWND", "SNWD", "TAVG")
_SPELT_OUT = {
    "dailymaximumdrybulbtemperature": "TMAX",
    "dailyminimumdrybulbtemperature": "TMIN",
    "dailysnowfall": "SNOW",
    "dailyprecipitation": "PRCP",
    "dailyaveragewindspeed": "AWND",
    "dailysnowdepth": "SNWD",
    "dailyaveragedrybulbtemperature": "TAVG",
}
# Open-Meteo's names without underscores, as older exports leave them out, and ours.
HOURLY_NAMES = {
    "temperature2m": "temperature",
    "relativehumidity2m": "humidity",
    "rain": "rain",
    "snowfall": "snowfall",
    "snowdepth": "snow_depth",
    "cloudcover": "cloud_cover",
    "windspeed10m": "wind",
    "apparenttemperature": "apparent",
    "windgusts10m": "gust",
    "showers": "showers",
    "precipitationprobability": "rain_chance",
}
TIME_NAMES = ("time", "date", "datetime", "timestamp")
_FEWEST_ELEMENTS = 2


def daily_name(column: str) -> str | None:
    """Return the element that a column of a daily file holds, or DATE."""
    plain = plain_name(name_and_unit(column)[0])
    if plain.upper() in (*DAILY_ELEMENTS, "DATE"):
        return plain.upper()
    return _SPELT_OUT.get(plain)


def hourly_name(column: str) -> str | None:
    """Return our name for a column of an hourly file, or ``time``."""
    plain = plain_name(name_and_unit(column)[0])
    return "time" if plain in TIME_NAMES else HOURLY_NAMES.get(plain)


def is_daily(columns: Sequence[str]) -> bool:
    """Tell a table of days by its columns."""
    names = {daily_name(column) for column in columns} - {None}
    return "DATE" in names and len(names) > _FEWEST_ELEMENTS


def is_hourly(columns: Sequence[str]) -> bool:
    """Tell a table of hours by its columns."""
    return {"time", "temperature"} <= {hourly_name(column) for column in columns}


def is_weather(columns: Sequence[str]) -> bool:
    """Tell weather of either kind by its columns."""
    return is_daily(columns) or is_hourly(columns)
