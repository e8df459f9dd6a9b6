"""Weather ahead: forecast before climatology before nothing, and each hour says which."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.serving import world
from tests.unit.serving.faults import Clock, FaultyStore
from use_cases.citibike.api.outlook import Outlook, OutlookReader, weather_ahead
from use_cases.citibike.keys import WEATHER_OUTLOOK_KEY
from use_cases.citibike.model.climatology import YEAR, Climatology

HOURS = np.arange("2025-01-02T22", "2025-01-03T02", dtype="datetime64[h]")
PUBLISHED = {
    "issued_at": "2025-01-02T00:00:00Z",
    "source": "test",
    "days": [{"DATE": "2025-01-02", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.5}],
}


def test_forecast_days_come_before_typical_ones() -> None:
    outlook = Outlook.model_validate_json(json.dumps(PUBLISHED))
    ahead = weather_ahead(HOURS, outlook=outlook, climatology=world.profile().climatology)
    assert ahead.sources == ["forecast", "forecast", "climatology", "climatology"]
    assert ahead.weather["TMAX"].tolist() == [41.0, 41.0, 60.0, 60.0]
    assert np.isnan(ahead.weather["PRCP"]).all()


def test_without_either_there_is_no_weather() -> None:
    ahead = weather_ahead(HOURS, outlook=None, climatology=None)
    assert set(ahead.sources) == {"none"}
    assert np.isnan(ahead.weather["TMAX"]).all()


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    return FaultyStore(tmp_path)


def _publish(store: FaultyStore, body: dict[str, Any]) -> None:
    store.write(WEATHER_OUTLOOK_KEY, json.dumps(body).encode())


def test_the_last_good_outlook_stays_while_the_bucket_fails_or_lies(store: FaultyStore) -> None:
    clock = Clock()
    reader = OutlookReader(store, ttl_s=60, clock=clock)
    assert reader.current() is None
    _publish(store, PUBLISHED)
    assert reader.current() is None
    clock.now_s += 60
    assert reader.current() is not None
    store.down = True
    clock.now_s += 60
    assert reader.current() is not None
    store.down = False
    _publish(store, PUBLISHED | {"days": [{"DATE": "2025-01-02", "TMAX": 300.0, "TMIN": 1, "SNOW": 0}]})
    clock.now_s += 60
    assert reader.current() is not None
    store.delete(WEATHER_OUTLOOK_KEY)
    clock.now_s += 60
    assert reader.current() is None


def test_climatology_is_smooth_and_goes_round_the_year() -> None:
    days = np.arange("2023-01-01", "2025-01-01", dtype="datetime64[D]")
    season = 55 - 25 * np.cos(2 * np.pi * (np.arange(days.size) % 365.25) / 365.25)
    noise = np.random.default_rng(0).normal(0, 8, days.size)
    typical = Climatology.fitted(days, {"TMAX": season + noise, "PRCP": np.where(noise > 8, 1.0, 0.0)})
    tmax = np.asarray(typical.values["TMAX"])
    assert np.abs(np.diff([*tmax, tmax[0]])).max() < 2.0
    assert typical.of(np.asarray(["2025-07-15"], dtype="datetime64[D]"))["TMAX"][0] == pytest.approx(
        80, abs=3
    )
    assert set(typical.values["PRCP"]) == {0.0}


@given(st.integers(0, 365), st.integers(1, 60))
def test_climatology_of_part_of_a_year_still_has_every_day(first: int, length: int) -> None:
    days = np.datetime64("2024-01-01") + np.arange(first, first + length)
    typical = Climatology.fitted(
        days, {"TMAX": np.linspace(30.0, 60.0, length), "AWND": np.full(length, np.nan)}
    )
    assert set(typical.values) == {"TMAX"}
    assert len(typical.values["TMAX"]) == YEAR
    assert 30 - 1e-6 <= min(typical.values["TMAX"]) <= max(typical.values["TMAX"]) <= 60 + 1e-6


def test_climatology_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="TMAX"):
        Climatology(start=dt.date(2024, 1, 1), end=dt.date(2024, 1, 2), values={"TMAX": [1.0]})
