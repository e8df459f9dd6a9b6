"""Level and interval of the model of hourly weather, brought up to date with the demand that has arrived."""

from typing import Any

from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import ObjectStore
from use_cases.citibike.hourly_weather.features import OBSERVED
from use_cases.citibike.hourly_weather.learning.fitting import after_days
from use_cases.citibike.hourly_weather.path import PART, HourlyPath
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.hourly_weather.table import read_hourly_weather
from use_cases.citibike.model.backtest import Sample


def refreshed_part(
    data: ObjectStore, serving: ObjectStore, manifest: ChampionManifest, arrived: Sample
) -> dict[str, dict[str, Any]]:
    """Return the manifest's part with a level and an interval that have seen the arrived days.

    The level learns from observed weather, the interval of each lead from forecasts of that age, where the
    table has them. Days whose hourly weather is not known yet teach nothing; a version without such a model
    has no part.

    Raises:
        ArtifactError: The part or one of its files cannot be read.
    """
    fields = manifest.parts.get(PART)
    if fields is None:
        return {}
    path = HourlyPath.load(serving, fields, version=manifest.version)
    days = arrived.hours.astype("datetime64[D]")
    weather = read_hourly_weather(data, days.min().item(), days.max().item())
    if weather is None:
        return {PART: fields}
    rows = lead_rows(arrived, weather)
    if not (rows.lead == OBSERVED).any():
        return {PART: fields}
    stateless = path.stateless(rows.features)
    fresh, _ = after_days(arrived, rows, stateless, calibration=path.part.calibration)
    return {PART: path.part.model_copy(update={"calibration": fresh}).model_dump(mode="json")}
