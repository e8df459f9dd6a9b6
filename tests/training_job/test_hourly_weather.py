"""Hourly weather through all steps: learned from as observed and forecast, judged by lead, served ahead."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import ArtifactError
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from bikecast.storage import FolderStore
from tests.postgres import Server
from tests.training_job import world as made_up
from tests.training_job.world import World
from use_cases.citibike.api.hourly import LOADERS, HourlyModel, HoursInput
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.hourly_weather.features import VALUES, HourlyRows
from use_cases.citibike.hourly_weather.path import PART, HourlyPart, HourlyPath
from use_cases.citibike.hourly_weather.table import add_hours
from use_cases.citibike.tables.hourly import read_hourly, read_weather, write_hourly

pytestmark = pytest.mark.xdist_group("retraining")
LEADS = (0, 1, 7)


@pytest.fixture(scope="module")
def first(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, Any]]:
    """A city in which it rains at hours, whose first execution was promoted."""
    world = made_up.build(tmp_path_factory.mktemp("rainy"), postgres.create_database())
    let_it_rain(world)
    job = world.until_evaluated("first")
    job["promote"] = world.step("promote", job)
    return world, job


def let_it_rain(world: World, end: dt.date = made_up.END) -> None:
    """Write hourly weather that keeps riders away; forecasts err the more the older they are."""
    store = world.context.data
    demand = read_hourly(store, made_up.START, end)
    times = pd.DatetimeIndex(demand["date"] + pd.to_timedelta(demand["hour"], unit="h"))
    generator = np.random.default_rng(3)
    days = read_weather(store, made_up.START, end).set_index("DATE").loc[times.normalize()]
    falls = (times.hour - days["PRCP"].to_numpy() * 997 % 18).to_numpy() // 1
    rain = np.where((falls >= 0) & (falls < 6), days["PRCP"].to_numpy() / 6, 0.0)
    write_hourly(store, demand.assign(trips=(demand["trips"] * np.where(rain > 0, 0.3, 1)).astype(int)))
    observed = pd.DataFrame({"timestamp": times, "rain": rain, "snowfall": 0.0, "wind": 8.0})
    wave = np.sin((times.hour - 9) / 24 * 2 * np.pi)
    observed["temperature"] = days["TAVG"].to_numpy() + 7 * wave
    observed["issued_at"] = pd.Series([None] * len(times), dtype="datetime64[us, UTC]")
    add_hours(store, observed)
    for lead in LEADS:
        wrong = generator.random(len(times)) < 0.05 * lead
        misses = np.where(wrong, 0.1 - np.minimum(rain, 0.1), rain)
        issued = (times.normalize() - pd.Timedelta(days=lead)).tz_localize("America/New_York")
        forecast = observed.assign(rain=misses)
        add_hours(store, forecast.assign(issued_at=issued.tz_convert("UTC")))


def champion(world: World) -> ChampionManifest:
    manifest = ChampionStore(world.context.serving).read().manifest
    assert manifest is not None
    return manifest


def part_of(manifest: ChampionManifest) -> HourlyPart:
    return HourlyPart.model_validate(manifest.parts[PART])


def test_the_manifest_and_the_record_have_errors_and_coverage_by_lead(
    first: tuple[World, dict[str, Any]],
) -> None:
    world, job = first
    part = part_of(champion(world))
    names = ["observed", "midnight before the day", "24 h before the day", "168 h before the day"]
    assert list(part.holdout) == names
    assert all(each.coverage is not None for each in part.holdout.values())
    assert part.holdout["observed"].values["rmse"] < part.by_day["observed"].values["rmse"]
    assert part.holdout["observed"].values["rmse"] < part.holdout["168 h before the day"].values["rmse"]
    record = world.context.reports.read(job["evaluate"]["decision_key"]).body.decode()
    assert all(f"hourly weather, {name}" in record for name in names)


def rows_of(model: HourlyModel, rain: float) -> tuple[np.ndarray, HourlyRows]:
    times = pd.date_range("2024-08-01", periods=24, freq="h")
    columns: dict[str, Any] = {name: [None] * 24 for name in VALUES}
    columns |= {"temperature": [60.0] * 24, "rain": [rain] * 24, "snowfall": [0.0] * 24, "wind": [8.0] * 24}
    issued = pd.Timestamp("2024-08-01", tz="America/New_York")
    ahead = HoursAhead(issued_at=issued, time=tuple(times.to_pydatetime()), values=columns)
    hours = times.to_numpy().astype("datetime64[s]")
    return hours, ahead.rows(hours)


def test_rain_of_the_hour_is_answered_by_the_hourly_model_and_the_day_by_the_other(
    first: tuple[World, dict[str, Any]],
) -> None:
    world, _ = first
    model = LOADERS.model(world.context.serving, champion(world))
    assert isinstance(model, HourlyModel)
    day = {"TMAX": np.full(24, 68.0), "TMIN": np.full(24, 52.0), "SNOW": np.zeros(24)}
    answers = {}
    for name, rain in (("wet", 0.1), ("dry", 0.0)):
        hours, rows = rows_of(model, rain)
        answers[name] = model.answer(HoursInput(hours, day, rows))
    alone = model.answer(HoursInput(hours, day))
    assert answers["wet"].values.sum() < 0.8 * answers["dry"].values.sum()
    assert alone.values.tolist() == model.forecaster.predict(hours, day).values.tolist()
    low = answers["wet"].low
    assert low is not None
    assert (low <= answers["wet"].values).all()


def test_an_hourly_model_that_is_damaged_or_of_other_features_does_not_serve(
    first: tuple[World, dict[str, Any]], tmp_path: Path
) -> None:
    world, _ = first
    fields = champion(world).parts[PART]
    with pytest.raises(ArtifactError, match=r"this code lacks: \['fog'\]"):
        HourlyPath.load(world.context.serving, {**fields, "features": ["rain", "fog"]}, version="1")
    with pytest.raises(ArtifactError, match="cannot be read"):
        HourlyPath.load(world.context.serving, {"features": ["rain"]}, version="1")
    with pytest.raises(ArtifactError, match="missing"):
        HourlyPath.load(FolderStore(tmp_path), fields, version="1")


def test_the_hourly_level_and_interval_follow_the_days_that_arrive(
    first: tuple[World, dict[str, Any]],
) -> None:
    world, _ = first
    widths = part_of(champion(world)).calibration.interval
    before = part_of(champion(world)).calibration.level
    made_up.load(world, dt.date(2024, 8, 9))
    let_it_rain(world, end=dt.date(2024, 8, 9))
    world.step("refresh_level", {})
    after = part_of(champion(world)).calibration.level
    assert (before.as_of, after.as_of) == (made_up.END, dt.date(2024, 8, 9))
    assert after.days[-10:-9] == (dt.date(2024, 7, 31),)
    fresh = part_of(champion(world)).calibration.interval
    assert (widths.as_of, fresh.as_of) == (made_up.END, dt.date(2024, 8, 9))
    assert {key.split("|")[0] for key in fresh.widths} == {"-1", *(str(lead) for lead in LEADS)}
    assert fresh.widths != widths.widths
