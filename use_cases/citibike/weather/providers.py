"""Weather from the web behind one protocol: NOAA's daily station record and Open-Meteo's hourly grid.

Observed weather trains, forecast weather serves: every row says when it was known, in ``issued_at``
(aware UTC; missing for observations).
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from bikecast.errors import DataError, InputError
from bikecast.names import TIME_ZONE
from use_cases.citibike.tables.contracts import WEATHER_OPTIONAL, WEATHER_REQUIRED
from use_cases.citibike.weather.daily import STATION
from use_cases.citibike.weather.files import read_weather_file
from use_cases.citibike.weather.hourly import HOURLY_FIELDS, daily_from_hourly, hours_of
from use_cases.citibike.weather.open_meteo import read_json
from use_cases.citibike.web import Patience, WebError, read_url

# LaGuardia Airport, where the station is.
LATITUDE, LONGITUDE = 40.7794, -73.8803
# The archive has no chance of what has happened.
_MEASURED = tuple(name for name in HOURLY_FIELDS if name != "rain_chance")
GIVE_A_FILE = "give a file of forecasts: `bikecast outlook forecasts.parquet`"


class WeatherProvider(Protocol):
    """A source of daily weather."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def daily(self, start: dt.date, end: dt.date) -> pd.DataFrame:
        """Return the complete days from ``start`` to ``end`` inclusive, in the weather table's columns.

        Raises:
            WebError: It cannot be reached.
            DataError: What it answers breaks the contract.
        """
        ...


@dataclass(frozen=True)
class NceiDaily:
    """Daily summaries of one station by the NCEI Access Data Service; it needs no key.

    Source: https://www.ncei.noaa.gov/support/access-data-service-api-user-documentation
    """

    url: str = "https://www.ncei.noaa.gov/access/services/data/v1"
    station: str = STATION
    patience: Patience = field(default_factory=Patience)
    name: str = "ncei"

    def daily(self, start: dt.date, end: dt.date) -> pd.DataFrame:
        query = {
            "dataset": "daily-summaries",
            "stations": self.station,
            "startDate": start.isoformat(),
            "endDate": end.isoformat(),
            "dataTypes": ",".join((*WEATHER_REQUIRED, *WEATHER_OPTIONAL)),
            "units": "standard",
            "format": "csv",
        }
        body = read_url(self.url, query=query, patience=self.patience)
        if not body.strip():
            raise DataError(f"{self.name} has no weather between {start} and {end}")
        return read_weather_file(self.name, body).frame


@dataclass(frozen=True)
class OpenMeteo:
    """Hourly weather of a point: the archive of what was, and the forecast of what will be.

    Source: https://open-meteo.com/en/docs (data CC BY 4.0)
    """

    archive_url: str = "https://archive-api.open-meteo.com/v1/archive"
    forecast_url: str = "https://api.open-meteo.com/v1/forecast"
    latitude: float = LATITUDE
    longitude: float = LONGITUDE
    patience: Patience = field(default_factory=Patience)
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    name: str = "open-meteo"

    def daily(self, start: dt.date, end: dt.date) -> pd.DataFrame:
        return daily_from_hourly(self.hourly(start, end))

    def hourly(self, start: dt.date, end: dt.date) -> pd.DataFrame:
        """Return observed hours in wall-clock time; ``issued_at`` is missing.

        Raises:
            WebError: It cannot be reached or answers something else.
        """
        query = self._query(_MEASURED) | {"start_date": start.isoformat(), "end_date": end.isoformat()}
        body = read_url(self.archive_url, query=query, patience=self.patience)
        return _frame(body, self.archive_url, issued_at=None)

    def forecast(self, days: int) -> pd.DataFrame:
        """Return the hours of today and the days after it; ``issued_at`` is when we asked.

        Args:
            days: 1 to 16.
        Raises:
            WebError: It cannot be reached or answers something else.
        """
        query = self._query(HOURLY_FIELDS) | {"forecast_days": str(days)}
        asked_at = self.clock()
        body = read_url(self.forecast_url, query=query, patience=self.patience, instead=GIVE_A_FILE)
        return _frame(body, self.forecast_url, issued_at=asked_at)

    def _query(self, names: Iterable[str]) -> dict[str, str]:
        return {
            "latitude": str(self.latitude),
            "longitude": str(self.longitude),
            "hourly": ",".join(HOURLY_FIELDS[name] for name in names),
            "temperature_unit": "fahrenheit",
            "wind_speed_unit": "mph",
            "precipitation_unit": "inch",
            "timezone": TIME_ZONE,
        }


def _frame(body: bytes, url: str, *, issued_at: dt.datetime | None) -> pd.DataFrame:
    try:
        hours = hours_of(url, read_json(url, body)).frame
    except InputError as err:
        raise WebError(f"{url} does not answer with hourly weather: {err}") from err
    return hours.assign(issued_at=pd.Series([issued_at] * len(hours), dtype="datetime64[us, UTC]"))
