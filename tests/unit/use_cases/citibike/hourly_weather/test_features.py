"""Features of hourly weather: what an hour is told of its neighbours, its day and the age of its forecast."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import FeatureError
from use_cases.citibike.features import build_features
from use_cases.citibike.hourly_weather.features import (
    NAMES,
    OBSERVED,
    POSITION,
    beside_station,
    build,
    lead_of,
)

TIMES = np.arange("2025-01-01", "2025-01-04", dtype="datetime64[h]")


def dry(**changed: np.ndarray) -> dict[str, np.ndarray]:
    zeros = np.zeros(TIMES.size)
    return {"temperature": zeros + 40, "rain": zeros, "snowfall": zeros, "wind": zeros + 5, **changed}


def at(hour: int) -> np.ndarray:
    values = np.zeros(TIMES.size)
    values[hour] = 0.2
    return values


def column(name: str, series: dict[str, np.ndarray], lead: float = OBSERVED) -> np.ndarray:
    return build(TIMES, series, lead_days=np.full(TIMES.size, lead))[:, POSITION[name]]


def test_rain_is_seen_from_the_hours_before_and_after() -> None:
    rain = dry(rain=at(30))
    assert np.flatnonzero(column("rain_after", rain)).tolist() == [29]
    assert np.flatnonzero(column("rain_before", rain)).tolist() == [31]
    assert np.flatnonzero(column("rain_3h_after", rain)).tolist() == [27, 28, 29]
    assert np.flatnonzero(column("rain_3h_before", rain)).tolist() == [31, 32, 33]
    assert column("hours_dry", rain)[29:33].tolist() == [24, 0, 1, 2]
    assert np.flatnonzero(column("rain_of_day", rain)).tolist() == list(range(24, 48))
    assert np.flatnonzero(column("rain_yesterday", rain) > 0).tolist() == list(range(48, 72))


def test_snow_lies_until_warmth_melts_it() -> None:
    cold = column("snow_lying", dry(snowfall=at(10), temperature=np.full(TIMES.size, 20.0)))
    warm = column("snow_lying", dry(snowfall=at(10), temperature=np.full(TIMES.size, 40.0)))
    assert cold[10:] == pytest.approx(0.2)
    assert warm[11] < warm[10]
    assert warm[-1] == 0


def test_observed_weather_has_no_lead_and_a_forecast_has_its_own() -> None:
    observed = build(TIMES, dry(), lead_days=np.full(TIMES.size, OBSERVED))
    assert np.isnan(observed[:, POSITION["lead_days"]]).all()
    assert (lead_of(observed) == OBSERVED).all()
    assert (column("lead_days", dry(), lead=3.0) == 3).all()


def test_a_missing_needed_value_is_refused_and_an_optional_one_is_nan() -> None:
    assert np.isnan(column("gust", dry())).all()
    with pytest.raises(FeatureError, match="rain"):
        build(TIMES, dry(rain=np.full(TIMES.size, np.nan)), lead_days=np.zeros(TIMES.size))
    with pytest.raises(FeatureError, match="wind"):
        build(TIMES, dry(wind=np.zeros(3)), lead_days=np.zeros(TIMES.size))


@given(st.lists(st.floats(0, 2, allow_nan=False), min_size=72, max_size=72))
def test_what_falls_before_and_after_adds_up_to_what_falls_around(values: list[float]) -> None:
    matrix = build(TIMES, dry(rain=np.asarray(values)), lead_days=np.zeros(TIMES.size))
    parts = sum(matrix[:, POSITION[name]] for name in ("rain", "rain_before", "rain_after"))
    assert matrix[:, POSITION["rain_around"]] == pytest.approx(parts, abs=1e-4)
    assert matrix.shape == (72, len(NAMES))


def test_the_chance_of_rain_is_told_for_the_active_hours_of_the_day() -> None:
    chance = np.where(np.arange(TIMES.size) % 24 == 12, 60.0, 0.0)
    chance[:24] = np.nan
    of_day = column("chance_of_day", dry(rain_chance=chance), lead=3.0)
    assert np.isnan(of_day[:24]).all()
    assert of_day[24:] == pytest.approx(5.0)  # one of twelve
    assert column("chance_most", dry(rain_chance=chance), lead=3.0)[24:] == pytest.approx(60.0)


def test_the_station_stands_beside_measured_hours_alone() -> None:
    lead = np.where(np.arange(TIMES.size) < 24, OBSERVED, 2.0)
    rows = build(TIMES, dry(), lead_days=lead)
    day = {name: np.full(TIMES.size, 30.0) for name in ("TMAX", "TMIN", "SNOW")} | {
        "PRCP": np.full(TIMES.size, 0.7)
    }
    seen = beside_station(rows, build_features(TIMES, day))[:, POSITION["station_prcp"]]
    assert seen[:24] == pytest.approx(0.7)
    assert np.isnan(seen[24:]).all()
    assert np.isnan(rows[:, POSITION["station_prcp"]]).all()
