"""Simulated hours of weather: they make the day that is published, and forecasts err more with their age."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bikecast.tabular.frames import RawTable
from use_cases.citibike.simulator import simulate
from use_cases.citibike.simulator.climate import simulate_climate
from use_cases.citibike.simulator.hours import issued_hours, measured_hours
from use_cases.citibike.simulator.simulation import HOURS_NAME, ISSUES_NAME
from use_cases.citibike.weather.hourly import daily_from_hourly, hours_of

START, END = dt.date(2024, 1, 1), dt.date(2024, 4, 30)
SEED = 5


@pytest.fixture(scope="module")
def climate() -> pd.DataFrame:
    return simulate_climate(END + dt.timedelta(days=7), seed=SEED)


@pytest.fixture(scope="module")
def measured(climate: pd.DataFrame) -> pd.DataFrame:
    return measured_hours(climate, START, END, seed=SEED)


def test_the_hours_make_the_day_that_is_published(climate: pd.DataFrame, measured: pd.DataFrame) -> None:
    days = daily_from_hourly(hours_of("hours", RawTable(measured)).frame).set_index("DATE")
    true = climate.set_index("DATE").loc[days.index]
    dry_of_snow = true["SNOW"] == 0
    assert days["PRCP"][dry_of_snow].to_numpy() == pytest.approx(true["PRCP"][dry_of_snow], abs=0.02)
    assert days["SNOW"].to_numpy() == pytest.approx(true["SNOW"], abs=0.1)
    assert (days["TMAX"] - true["TMAX"]).abs().max() <= 1
    assert (days["TMIN"] - true["TMIN"]).abs().max() <= 1


def test_spring_leaves_an_hour_out(measured: pd.DataFrame) -> None:
    assert not (measured["time"] == "2024-03-10T02:00").any()
    assert measured["time"].diff().max() == pd.Timedelta(hours=2)


def test_each_issue_has_eight_days_and_errs_more_the_older_it_is(
    climate: pd.DataFrame, measured: pd.DataFrame
) -> None:
    issued = issued_hours(climate, START, END, seed=SEED)
    assert issued.groupby("issue_date").size().mode().tolist() == [192]
    both = issued.merge(measured, on="time", suffixes=("", "_true"))
    lead = (both["time"].dt.normalize() - both["issue_date"]).dt.days
    cold = (both["temperature_2m"] - both["temperature_2m_true"]).abs().groupby(lead).mean()
    falls = (both["rain"] > 0) != (both["rain_true"] > 0)
    wrong = falls.groupby(lead).mean()
    for errors in (cold, wrong):
        assert errors[0] < errors[3] < errors[7]
    assert 0 < wrong[0] < 0.1


def test_the_chance_of_rain_is_about_right(climate: pd.DataFrame, measured: pd.DataFrame) -> None:
    issued = issued_hours(climate, START, END, seed=SEED)
    both = issued.merge(measured, on="time", suffixes=("", "_true"))
    wet = (both["rain_true"] + both["snowfall_true"]) > 0
    told = both["precipitation_probability"] / 100
    assert float(told.mean()) == pytest.approx(float(wet.mean()), abs=0.1)
    assert np.corrcoef(told, wet)[0, 1] > 0.4


def test_a_simulation_writes_them_where_it_is_asked_to(tmp_path: Path) -> None:
    day = dt.date(2024, 5, 1)
    simulate(tmp_path / "with", day, day, scale=0.001, hourly_weather=True)
    simulate(tmp_path / "without", day, day, scale=0.001)
    assert len(pd.read_csv(tmp_path / "with" / HOURS_NAME)) == 24
    assert len(pd.read_parquet(tmp_path / "with" / ISSUES_NAME)) == 192
    assert not (tmp_path / "without" / HOURS_NAME).exists()
