"""Step ``publish-outlook``: the weather forecast that ``/forecast`` serves by, from Open-Meteo or a file."""

import logging
from collections.abc import Mapping
from typing import Any

import pandas as pd
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bikecast.errors import InputError
from bikecast.requests import parse_request
from training_job.runtime.context import Context
from use_cases.citibike.api.outlook import WEATHER_NAMES, Outlook
from use_cases.citibike.hourly_weather.ahead import hours_ahead
from use_cases.citibike.keys import RAW_WEATHER_PREFIX, WEATHER_OUTLOOK_KEY
from use_cases.citibike.weather.columns import is_hourly
from use_cases.citibike.weather.files import read_raw
from use_cases.citibike.weather.hourly import hours_of, newest_forecast
from use_cases.citibike.weather.providers import OpenMeteo

logger = logging.getLogger(__name__)


class PublishOutlookInput(BaseModel):
    """Where the forecast comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str | None = Field(None, description="A file under raw/weather/; Open-Meteo is asked if absent.")
    issued_at: AwareDatetime | None = Field(
        None, description="When the file was made, if it does not say so itself; now if absent."
    )
    days: int = Field(9, ge=1, le=16, description="Today and the days after it; /forecast goes a week ahead.")


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Publish the outlook and tell its days.

    Raises:
        InputError: The file holds no forecast.
        WebError: The provider cannot be reached; the outlook stays as it was.
        DataError: A value breaks the contract of weather.
    """
    request = parse_request(PublishOutlookInput, dict(payload))
    source = OpenMeteo(clock=context.clock)
    hours = source.forecast(request.days) if request.key is None else _hours_of_file(context, request)
    days, issued_at = newest_forecast(hours)
    outlook = Outlook(
        issued_at=issued_at,
        source=request.key or source.name,
        days=_days(days),
        hours=hours_ahead(context.data, hours),
    )
    context.serving.write(WEATHER_OUTLOOK_KEY, outlook.model_dump_json(indent=1).encode())
    first, last = (outlook.days[place].DATE.isoformat() for place in (0, -1))
    logger.info("outlook published", extra={"source": outlook.source, "first": first, "last": last})
    return {
        "source": outlook.source,
        "issued_at": outlook.issued_at.isoformat(),
        "days": len(outlook.days),
        "first_day": first,
        "last_day": last,
    }


def _hours_of_file(context: Context, request: PublishOutlookInput) -> pd.DataFrame:
    key = request.key or ""
    if not key.startswith(RAW_WEATHER_PREFIX):
        raise InputError(f"key: must stand under {RAW_WEATHER_PREFIX} (got {key})")
    raw = read_raw(key, context.data.read(key).body)
    if not is_hourly(list(raw.frame.columns)):
        raise InputError(f"{key} holds no hourly forecast: it needs the columns `time` and `temperature_2m`")
    hours = hours_of(key, raw).frame
    now = context.clock()
    issued_at = pd.Timestamp(min(request.issued_at or now, now)).tz_convert("UTC")
    return hours.assign(issued_at=hours["issued_at"].fillna(issued_at))


def _days(days: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    known = [name for name in WEATHER_NAMES if name in days]
    rows = days.assign(DATE=days["DATE"].dt.date)[["DATE", *known]].to_dict("records")
    return tuple({str(name): _known(value) for name, value in row.items()} for row in rows)


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value
