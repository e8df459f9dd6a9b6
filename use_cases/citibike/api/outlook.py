"""Weather of the days ahead: a forecast where one is published, climatology for the other days."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bikecast.serving.champion.fallback_chain import Attempts
from bikecast.storage import MissingObjectError, ObjectStore, StoredObject
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.api.ranges import WEATHER_RANGES
from use_cases.citibike.features import OPTIONAL_WEATHER, REQUIRED_WEATHER
from use_cases.citibike.hourly_weather.features import POSITION, HourlyRows
from use_cases.citibike.keys import WEATHER_OUTLOOK_KEY
from use_cases.citibike.model.climatology import Climatology

WEATHER_NAMES = (*REQUIRED_WEATHER, *OPTIONAL_WEATHER)
WeatherSource = Literal["forecast", "climatology", "none"]


def _within(name: str) -> object:
    legal = WEATHER_RANGES[name]
    return Field(ge=legal.low, le=legal.high, allow_inf_nan=False)


class DayAhead(BaseModel):
    """One forecast day; F, inch, mph."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    DATE: dt.date
    TMAX: Annotated[float, _within("TMAX")]
    TMIN: Annotated[float, _within("TMIN")]
    SNOW: Annotated[float, _within("SNOW")]
    PRCP: Annotated[float, _within("PRCP")] | None = None
    AWND: Annotated[float, _within("AWND")] | None = None
    SNWD: Annotated[float, _within("SNWD")] | None = None
    TAVG: Annotated[float, _within("TAVG")] | None = None


class Outlook(BaseModel):
    """The weather forecast that the predictor reads from the serving bucket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issued_at: AwareDatetime
    source: str = Field(description="Who forecasts, such as `Open-Meteo`.")
    days: tuple[DayAhead, ...]
    hours: HoursAhead | None = Field(None, description="The newest issue by the hour, where it is known.")


@dataclass(frozen=True)
class Ahead:
    """Weather for each hour ahead and where each hour's came from; columns of shape (n_hours,)."""

    weather: dict[str, NDArray[np.float64]]
    sources: list[WeatherSource]
    hourly: HourlyRows | None = None

    def rain(self) -> list[float | None]:
        """Return rain and snowfall of each hour, inch; None where only the day's are known."""
        found: list[float | None] = [None] * len(self.sources)
        if self.hourly is not None:
            falls = self.hourly.features[:, [POSITION["rain"], POSITION["snowfall"]]].sum(axis=1)
            for place, inches in zip(self.hourly.place.tolist(), falls.tolist(), strict=True):
                found[place] = round(inches, 2)
        return found


class OutlookReader:
    """Reads the outlook at most once in ``ttl_s``; the last good one stays when the bucket fails."""

    def __init__(
        self, store: ObjectStore, *, ttl_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._ttl_s, self._clock = store, ttl_s, clock
        self._due_at_s = clock()
        self._outlook: Outlook | None = None

    def current(self) -> Outlook | None:
        """Return the published outlook; None where there is none."""
        if self._clock() >= self._due_at_s:
            self._due_at_s = self._clock() + self._ttl_s
            attempts = Attempts()
            fresh = attempts.run("weather outlook", self._read)
            self._outlook = self._outlook if attempts.problems else fresh
        return self._outlook

    def _read(self) -> Outlook | None:
        try:
            stored: StoredObject = self._store.read(WEATHER_OUTLOOK_KEY)
        except MissingObjectError:
            return None
        return Outlook.model_validate_json(stored.body)


def weather_ahead(
    hours: NDArray[np.datetime64], *, outlook: Outlook | None, climatology: Climatology | None
) -> Ahead:
    """Return the weather of each hour's day: forecast before climatology before nothing (NaN)."""
    typical = {} if climatology is None else climatology.of(hours)
    weather = {name: typical.get(name, np.full(hours.shape, np.nan)).copy() for name in WEATHER_NAMES}
    sources: list[WeatherSource] = ["none" if climatology is None else "climatology"] * hours.size
    forecast = {} if outlook is None else {day.DATE: day for day in outlook.days}
    for index, day in enumerate(hours.astype("datetime64[D]").tolist()):
        if day in forecast:
            sources[index] = "forecast"
            for name in WEATHER_NAMES:
                value = getattr(forecast[day], name)
                weather[name][index] = np.nan if value is None else value
    rows = None if outlook is None or outlook.hours is None else outlook.hours.rows(hours)
    return Ahead(weather, sources, rows)
