"""Simulated files look like the publisher's, at the publisher's levels, and repeat exactly."""

import datetime as dt
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import InputError
from use_cases.citibike.simulator import Shift, ShiftKind, Trap, calibration, simulate, simulate_tables
from use_cases.citibike.tables.contracts import HOURLY, WEATHER, checked
from use_cases.citibike.wall_time import wall_hours

YEAR = (dt.date(2024, 1, 1), dt.date(2024, 12, 31))


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rides(path: Path) -> pd.DataFrame:
    bodies = [body for name, body in members(path).items() if not name.startswith("__MACOSX")]
    return pd.concat([pd.read_csv(io.BytesIO(body), dtype=str) for body in bodies])


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


def test_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        simulate(tmp_path / name, dt.date(2024, 7, 1), dt.date(2024, 8, 31), scale=0.001)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_longer_period_repeats_the_shorter_one(tmp_path: Path) -> None:
    simulate(tmp_path / "short", dt.date(2024, 9, 1), dt.date(2024, 9, 30), scale=0.001)
    simulate(tmp_path / "long", dt.date(2024, 8, 1), dt.date(2024, 10, 31), scale=0.001)
    name = "202409-citibike-tripdata.zip"
    assert members(tmp_path / "short" / name) == members(tmp_path / "long" / name)


def test_levels_are_those_of_the_public_figures() -> None:
    hourly, weather = simulate_tables(*YEAR, scale=1.0)
    monthly = hourly.groupby(hourly["date"].dt.month)["trips"].mean().to_numpy()
    assert monthly == pytest.approx(calibration.TRIPS_PER_HOUR_BY_MONTH, rel=0.2)
    assert monthly.mean() == pytest.approx(calibration.TRIPS_PER_HOUR_BY_MONTH.mean(), rel=0.05)
    weekdays = hourly[hourly["date"].dt.dayofweek < 5].groupby("hour")["trips"].mean().to_numpy()
    assert weekdays == pytest.approx(calibration.TRIPS_BY_HOUR_OF_WEEKDAY, rel=0.15)
    highs = weather.groupby(weather["DATE"].dt.month)["TMAX"].mean().to_numpy()
    assert highs == pytest.approx(calibration.TMAX_BY_MONTH, abs=7)


def test_rain_lowers_demand_and_years_raise_it() -> None:
    hourly, weather = simulate_tables(dt.date(2023, 1, 1), dt.date(2024, 12, 31), scale=1.0)
    daily = hourly.groupby("date")["trips"].sum()
    by_year = hourly.groupby(hourly["date"].dt.year)["trips"].mean()
    assert by_year[2024] / by_year[2023] == pytest.approx(1 + calibration.YEARLY_GROWTH, abs=0.05)
    season = daily / daily.rolling(29, center=True, min_periods=1).mean()
    wet = weather.set_index("DATE")["PRCP"] > 0.1
    assert season[wet].mean() < 0.85 * season[~wet].mean()


def test_tables_keep_their_contracts() -> None:
    hourly, weather = simulate_tables(dt.date(2023, 1, 1), dt.date(2025, 3, 31))
    checked(hourly, HOURLY)
    checked(weather, WEATHER)
    assert len(hourly) == len(wall_hours(dt.date(2023, 1, 1), dt.date(2025, 3, 31)))


def test_shares_of_rides_are_those_of_the_public_figures(tmp_path: Path) -> None:
    readable = set(Trap) - {Trap.BAD_TIMES}
    simulate(tmp_path, dt.date(2024, 5, 1), dt.date(2024, 5, 31), scale=0.01, traps=readable)
    table = rides(tmp_path / "202405-citibike-tripdata.zip")
    duration = pd.to_datetime(table["ended_at"]) - pd.to_datetime(table["started_at"])
    minutes = duration.dt.total_seconds() / 60
    electric = table["rideable_type"] == "electric_bike"
    assert (table["member_casual"] == "member").mean() == pytest.approx(calibration.MEMBER_SHARE, abs=0.01)
    assert electric.mean() == pytest.approx(calibration.ELECTRIC_SHARE, abs=0.01)
    assert table["end_station_id"].isna().mean() == pytest.approx(calibration.MISSING_END_SHARE, abs=0.001)
    assert (minutes >= 60).mean() == pytest.approx(calibration.SHARE_OVER_60_MIN, abs=0.003)
    assert np.quantile(minutes, 0.5) == pytest.approx(6.2, abs=0.3)


@pytest.mark.parametrize(
    ("month", "header"),
    [
        (dt.date(2016, 3, 1), '"tripduration","starttime","stoptime","start station id"'),
        (dt.date(2016, 11, 1), '"Trip Duration","Start Time","Stop Time","Start Station ID"'),
        (dt.date(2022, 3, 1), '"ride_id","rideable_type","started_at","ended_at"'),
    ],
)
def test_header_is_that_of_the_era(tmp_path: Path, month: dt.date, header: str) -> None:
    simulation = simulate(tmp_path, month, month, scale=0.001, traps=())
    (body,) = members(simulation.files[0]).values()
    assert body.decode().startswith(header)


def test_files_since_milliseconds_are_cut_by_the_end_of_the_ride(tmp_path: Path) -> None:
    simulate(tmp_path, dt.date(2024, 9, 1), dt.date(2024, 9, 30), scale=0.01, traps={Trap.LONG_RIDES})
    table = rides(tmp_path / "202409-citibike-tripdata.zip")
    assert table["started_at"].str.startswith("2024-08-31").any()
    assert table["ended_at"].str.startswith("2024-09").all()
    assert table["started_at"].str.len().eq(23).all()


def test_rides_across_the_repeated_hour_end_before_they_start(tmp_path: Path) -> None:
    simulate(tmp_path, dt.date(2023, 11, 5), dt.date(2023, 11, 5), scale=0.1, traps={Trap.CLOCK_CHANGE})
    table = rides(tmp_path / "202311-citibike-tripdata.csv.zip")
    backwards = table[table["ended_at"] < table["started_at"]]
    assert len(backwards) > 0
    assert backwards["started_at"].str.slice(11, 13).isin(["00", "01"]).all()


def test_no_ride_starts_in_the_hour_that_spring_skips(tmp_path: Path) -> None:
    simulate(tmp_path, dt.date(2024, 3, 9), dt.date(2024, 3, 11), scale=0.02)
    table = rides(tmp_path / "202403-citibike-tripdata.zip")
    assert not table["started_at"].str.startswith("2024-03-10 02").any()
    assert table["started_at"].str.startswith("2024-03-11 02").any()


@pytest.mark.parametrize("kind", list(ShiftKind))
def test_shift_changes_what_it_says_from_its_first_day_on(kind: ShiftKind) -> None:
    period = (dt.date(2024, 6, 1), dt.date(2024, 9, 30))
    first = pd.Timestamp("2024-08-01")
    usual_trips, usual_weather = simulate_tables(*period)
    trips, weather = simulate_tables(*period, shift=Shift(kind, first.date()))
    before = (trips["date"] < first).to_numpy()
    if kind in (ShiftKind.DEMAND_LEVEL, ShiftKind.RIDER_MIX):
        pd.testing.assert_frame_equal(weather, usual_weather)
        assert trips[~before]["trips"].corr(usual_trips[~before]["trips"]) < 0.9999
    else:
        known = weather["DATE"] < first
        pd.testing.assert_frame_equal(weather[known], usual_weather[known])
        assert not weather[~known].equals(usual_weather[~known])
    assert trips[before]["trips"].mean() == pytest.approx(usual_trips[before]["trips"].mean(), rel=0.05)


def test_demand_shift_raises_demand_by_half() -> None:
    period = (dt.date(2024, 6, 1), dt.date(2024, 6, 30))
    usual, _ = simulate_tables(*period)
    raised, _ = simulate_tables(*period, shift=Shift(ShiftKind.DEMAND_LEVEL, period[0]))
    assert raised["trips"].sum() / usual["trips"].sum() == pytest.approx(1.5, rel=0.02)


def test_marker_says_that_it_is_simulated(tmp_path: Path) -> None:
    simulate(tmp_path, dt.date(2024, 1, 1), dt.date(2024, 1, 2), scale=0.001, seed=7)
    marker = json.loads((tmp_path / "simulated.json").read_text())
    assert (marker["simulated"], marker["seed"], marker["start"]) == (True, 7, "2024-01-01")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"scale": 0.0}, "scale"), ({"seed": -1}, "seed"), ({"end": dt.date(2023, 1, 1)}, "start <= end")],
)
def test_arguments_out_of_range_are_named(tmp_path: Path, arguments: dict[str, object], named: str) -> None:
    given = {"start": YEAR[0], "end": YEAR[1]} | arguments
    with pytest.raises(InputError, match=named):
        simulate(tmp_path, **given)  # type: ignore[arg-type]  # wrong values on purpose


@pytest.mark.parametrize("seed", range(42, 46))
def test_demand_keeps_to_the_clock_when_it_changes_in_spring(seed: int) -> None:
    hourly, _ = simulate_tables(dt.date(2025, 3, 3), dt.date(2025, 3, 16), seed=seed)
    workdays = hourly[hourly["date"].dt.dayofweek < 5]
    is_after = workdays["date"] >= "2025-03-10"
    before, after = (
        workdays[part].groupby("hour")["trips"].sum().to_numpy() for part in (~is_after, is_after)
    )
    alike = {hours: np.corrcoef(before, np.roll(after, hours))[0, 1] for hours in (-1, 0, 1)}
    assert max(alike, key=alike.__getitem__) == 0
