"""Bounds that follow: they cover again after forecasts have changed, and use nothing that is known later."""

import datetime as dt

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bikecast.arrays import Array, Hours, Mask, Matrix
from use_cases.citibike.hourly_weather.features import NAMES, POSITION
from use_cases.citibike.hourly_weather.following import LEAST_WIDTH, MOST_WIDTH, followed
from use_cases.citibike.hourly_weather.intervals import LeadInterval, calibrate


def made_up(days: int, *, spread: float, seed: int) -> tuple[Hours, Matrix, Array]:
    """Return hours, their features seven days ahead, and trips around 100."""
    matrix = np.zeros((days * 24, len(NAMES)), dtype=np.float32)
    matrix[:, POSITION["hour"]] = np.tile(np.arange(24), days)
    matrix[:, POSITION["lead_days"]] = 7
    matrix[:, POSITION["rain"]] = np.where(np.arange(days * 24) % 5 == 0, 0.1, 0)
    start = np.datetime64("2025-01-01", "s")
    hours = start + np.arange(days * 24) * np.timedelta64(3600, "s")
    noise = np.random.default_rng(seed).standard_normal(days * 24)
    return hours, matrix, 100 * np.exp(spread * noise)


def calibrated() -> LeadInterval:
    hours, features, actual = made_up(100, spread=0.1, seed=1)
    return calibrate(features, actual, np.full(actual.shape, 100.0), days=hours.astype("datetime64[D]"))


def follow(days: int, spread: float, *, delay_days: int = 7) -> tuple[Mask, LeadInterval]:
    hours, features, actual = made_up(days, spread=spread, seed=2)
    values = np.full(actual.shape, 100.0)
    low, high, after = followed(
        calibrated(), hours, features, values=values, actual=actual, delay_days=delay_days
    )
    return (actual >= low) & (actual <= high), after


def test_coverage_comes_back_where_errors_have_doubled() -> None:
    inside, after = follow(120, 0.2)
    assert inside[: 7 * 24].mean() < 0.7
    assert 0.86 < inside[-60 * 24 :].mean() < 0.94
    assert set(after.widths) == {"7|dry", "7|wet"}
    assert after.as_of == dt.date(2025, 4, 30)


def test_where_nothing_has_changed_the_bounds_stay() -> None:
    inside, after = follow(120, 0.1)
    assert 0.87 < inside.mean() < 0.94
    assert all(0.9 <= width < 1.2 for pair in after.widths.values() for width in pair)


@given(st.integers(0, 9))
@settings(deadline=None, max_examples=6)
def test_a_day_is_judged_by_nothing_later_than_the_delay_allows(delay_days: int) -> None:
    hours, features, actual = made_up(20, spread=0.3, seed=3)
    values, first = np.full(actual.shape, 100.0), (delay_days + 1) * 24
    changed = np.where(np.arange(actual.size) < 24, actual, 10_000.0)
    bounds = [
        followed(calibrated(), hours, features, values=values, actual=truth, delay_days=delay_days)[:2]
        for truth in (actual, changed)
    ]
    for mine, other in zip(*bounds, strict=True):
        assert (mine[: first + 24] == other[: first + 24]).all()


def test_days_that_were_seen_before_teach_nothing_again() -> None:
    hours, features, actual = made_up(30, spread=0.3, seed=4)
    values = np.full(actual.shape, 100.0)
    once = followed(calibrated(), hours, features, values=values, actual=actual, delay_days=0)[2]
    again = followed(once, hours, features, values=values, actual=actual, delay_days=0)[2]
    assert again == once
    widths = [width for pair in once.widths.values() for width in pair]
    assert all(LEAST_WIDTH - 1e-9 <= width <= MOST_WIDTH + 1e-9 for width in widths)


def test_bounds_of_what_was_published_before_widths_existed_are_as_calibrated() -> None:
    interval = calibrated()
    older = LeadInterval.model_validate(interval.model_dump(exclude={"widths", "as_of"}))
    _, features, _ = made_up(2, spread=0.1, seed=5)
    values = np.full(len(features), 100.0)
    for mine, theirs in zip(interval.bounds(features, values), older.bounds(features, values), strict=True):
        assert (mine == theirs).all()
