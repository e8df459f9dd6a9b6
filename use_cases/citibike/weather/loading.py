"""Weather of a period from providers in order of trust: a later one fills the days that earlier ones lack."""

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from bikecast.storage import ObjectStore
from use_cases.citibike.weather.files import merge_weather
from use_cases.citibike.weather.providers import WeatherProvider


def load_weather(
    store: ObjectStore, start: dt.date, end: dt.date, *, providers: Sequence[WeatherProvider]
) -> dict[str, int]:
    """Put the days of a period into the weather table and return how many each provider gave.

    A station misses days when it matters, in snow: that is what the second provider is for.

    Args:
        store: The data bucket.
        start: First day.
        end: Last day.
        providers: The most trusted first; later ones are asked only for a period with missing days.
    Raises:
        WebError: A provider that is needed cannot be reached.
        DataError: What one answers breaks the contract.
    """
    wanted = pd.date_range(start, end)
    found: list[pd.DataFrame] = []
    given: dict[str, int] = {}
    for provider in providers:
        if not len(wanted):
            break
        days = provider.daily(wanted[0].date(), wanted[-1].date())
        days = days[days["DATE"].isin(wanted)]
        given[provider.name] = len(days)
        found.append(days)
        wanted = wanted.difference(pd.DatetimeIndex(days["DATE"]))
    weather = pd.concat(found, ignore_index=True)
    if len(weather):
        merge_weather(store, weather)
    return given
