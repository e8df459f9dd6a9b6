"""Weather from the web behind one protocol: NOAA's daily station record and Open-Meteo's hourly grid.

Observed weather trains, forecast weather serves: every row says when it was known, in ``issued_at``
(aware UTC; missing for observations).
"""

import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from bikecast.contracts import WEATHER_OPTIONAL, WEATHER_REQUIRED
from bikecast.errors import DataError
from bikecast.names import TIME_ZONE
from bikecast.weather.files import STATION, daily_table
from bikecast.weather.hourly import HOURLY_FIELDS, daily_from_hourly
from bikecast.web import Patience, WebError, read_url

# LaGuardia Airport, where the station is.
LATITUDE, LONGITUDE = 40.7794, -73.8803
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
        return daily_table(self.name, pd.read_csv(io.BytesIO(body), dtype={"STATION": str}))


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
        query = self._query() | {"start_date": start.isoformat(), "end_date": end.isoformat()}
        body = read_url(self.archive_url, query=query, patience=self.patience)
        return _frame(body, self.archive_url, issued_at=None)

    def forecast(self, days: int) -> pd.DataFrame:
        """Return the hours of today and the days after it; ``issued_at`` is when we asked.

        Args:
            days: 1 to 16.
        Raises:
            WebError: It cannot be reached or answers something else.
        """
        query = self._query() | {"forecast_days": str(days)}
        asked_at = self.clock()
        body = read_url(self.forecast_url, query=query, patience=self.patience, instead=GIVE_A_FILE)
        return _frame(body, self.forecast_url, issued_at=asked_at)

    def _query(self) -> dict[str, str]:
        return {
            "latitude": str(self.latitude),
            "longitude": str(self.longitude),
            "hourly": ",".join(HOURLY_FIELDS.values()),
            "temperature_unit": "fahrenheit",
            "wind_speed_unit": "mph",
            "precipitation_unit": "inch",
            "timezone": TIME_ZONE,
        }


def _frame(body: bytes, url: str, *, issued_at: dt.datetime | None) -> pd.DataFrame:
    hours = _parsed(body, url)["hourly"]
    frame = pd.DataFrame(
        {name: pd.to_numeric(pd.Series(hours[field])) for name, field in HOURLY_FIELDS.items()}
    )
    frame.insert(0, "timestamp", pd.to_datetime(hours["time"]).as_unit("s"))
    issued = pd.Series([issued_at] * len(frame), dtype="datetime64[us, UTC]")
    # The repeated hour of autumn comes twice; the table has it once, with the later values.
    return frame.assign(issued_at=issued).drop_duplicates("timestamp", keep="last", ignore_index=True)


def _parsed(body: bytes, url: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(body)
    except ValueError as err:
        raise WebError(f"{url} does not answer with JSON") from err
    if "hourly" not in answer or not {"time", *HOURLY_FIELDS.values()} <= answer["hourly"].keys():
        raise WebError(f"{url} does not answer with hourly weather: {str(answer)[:200]}")
    return answer
