"""Weather for a prediction request: the published forecast where it covers the day, else a typical year."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from bikecast.errors import InputError
from bikecast.names import Output
from bikecast.storage import MissingObjectError, S3Store
from console.cloud.champions import read_champion
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from use_cases.citibike.keys import WEATHER_OUTLOOK_KEY

REQUIRED = ("TMAX", "TMIN", "SNOW")
DECIMALS = 2


@dataclass(frozen=True)
class DayWeather:
    """Weather in °F, inch and mph, and a sentence on where it comes from."""

    values: Mapping[str, float]
    origin: str


def weather_of(cloud: Cloud, hour: dt.datetime, given: Mapping[str, float | None]) -> DayWeather:
    """Return the given weather, completed where needed values are missing.

    Raises:
        InputError: Needed values are missing, and neither a forecast nor typical weather has them.
        DeploymentError: Needed values are missing, and no model was promoted yet.
    """
    known = {name: value for name, value in given.items() if value is not None}
    if all(name in known for name in REQUIRED):
        return DayWeather(known, "weather as given")
    assumed = _assumed(cloud, hour)
    missing = [name for name in REQUIRED if name not in known | dict(assumed.values)]
    if missing:
        options = ", ".join(f"--{name.lower()}" for name in missing)
        raise InputError(f"no weather is known for {hour:%Y-%m-%d}: give {options}")
    return DayWeather({**assumed.values, **known}, _sentence(assumed, known))


def _assumed(cloud: Cloud, hour: dt.datetime) -> DayWeather:
    import numpy as np

    from use_cases.citibike.api.outlook import Outlook, weather_ahead
    from use_cases.citibike.model.forecaster import SeasonalNaive

    store = S3Store(cloud.s3, read_stack_outputs(cloud.cloudformation).require(Output.SERVING_BUCKET))
    try:
        outlook = Outlook.model_validate_json(store.read(WEATHER_OUTLOOK_KEY).body)
    except MissingObjectError:
        outlook = None
    typical = SeasonalNaive.load(store, read_champion(cloud).profile).profile.climatology
    ahead = weather_ahead(np.asarray([hour], "datetime64[s]"), outlook=outlook, climatology=typical)
    values = {name: round(float(column[0]), DECIMALS) for name, column in ahead.weather.items()}
    finite = {name: value for name, value in values.items() if np.isfinite(value)}
    if ahead.sources == ["forecast"] and outlook is not None:
        issued = f"{outlook.issued_at:%Y-%m-%d %H:%M}Z"
        return DayWeather(finite, f"weather as forecast by {outlook.source} at {issued}")
    return DayWeather(finite, f"typical weather for {hour:%-d %B}; no forecast covers the day")


def _sentence(assumed: DayWeather, known: Mapping[str, float]) -> str:
    rest = {name: value for name, value in assumed.values.items() if name not in known}
    told = ", ".join(f"{name} {value:g}" for name, value in rest.items())
    return f"{assumed.origin}: {told}" + (f"; given: {', '.join(known)}" if known else "")
