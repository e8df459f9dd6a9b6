import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import DataError
from use_cases.citibike.model.level import LevelState

HOURS = np.arange("2024-05-01", "2024-06-01", dtype="datetime64[h]")


def _state(ratio: float, **settings: float) -> LevelState:
    predicted = np.full(HOURS.shape, 100.0)
    return LevelState(prior_days=0, **settings).updated(HOURS, predicted * ratio, predicted)


def test_an_empty_history_changes_nothing() -> None:
    assert LevelState().factors(HOURS).tolist() == [1.0] * HOURS.size


@given(st.floats(0.6, 1.9))
def test_constant_ratio_becomes_the_factor(ratio: float) -> None:
    later = HOURS + np.timedelta64(60, "D")
    np.testing.assert_allclose(_state(ratio).factors(later), ratio)


@given(st.floats(0, 100))
def test_factor_stays_within_its_bounds(ratio: float) -> None:
    factors = _state(ratio).factors(HOURS + np.timedelta64(60, "D"))
    assert ((factors >= 0.5) & (factors <= 2.0)).all()


@given(st.integers(0, 30 * 24 - 1), st.sampled_from([0, 24, 168, 744]))
def test_no_day_younger_than_the_horizon_is_read(changed_hour: int, horizon_hours: int) -> None:
    predicted = np.full(HOURS.shape, 100.0)
    actual = predicted.copy()
    before = LevelState(horizon_hours=horizon_hours).updated(HOURS, actual, predicted)
    actual[changed_hour] = 10_000.0
    after = LevelState(horizon_hours=horizon_hours).updated(HOURS, actual, predicted)
    moved = HOURS[before.factors(HOURS) != after.factors(HOURS)]
    assert (moved - HOURS[changed_hour] >= np.timedelta64(horizon_hours, "h")).all()


def test_same_days_again_replace_and_do_not_add() -> None:
    once = _state(1.2)
    assert once.updated(HOURS, np.full(HOURS.shape, 120.0), np.full(HOURS.shape, 100.0)) == once


def test_what_is_not_known_yet_is_not_used() -> None:
    later = HOURS + np.timedelta64(60, "D")
    state = _state(1.5).updated(later, np.full(later.shape, 60.0), np.full(later.shape, 100.0))
    far = later[-1:] + np.timedelta64(30, "D")
    assert state.factors(far)[0] == pytest.approx(0.6, rel=0.1)
    assert state.factors(far, known_until=dt.date(2024, 5, 31))[0] == pytest.approx(1.5)


def test_the_last_known_days_count_more_the_younger_they_are() -> None:
    """A change that persists is followed at once a day later, and no faster than without it a week later."""
    after, changed = HOURS[-1:] + np.timedelta64(1, "h"), HOURS[-24:]
    found = {}
    for persistence in (0.0, 0.6):
        for horizon_hours in (24, 168):
            rules = {"persistence": persistence, "horizon_hours": horizon_hours}
            state = _state(1.0, **rules).updated(changed, np.full(24, 150.0), np.full(24, 100.0))
            day = after + np.timedelta64(horizon_hours, "h")
            found[persistence, horizon_hours] = float(state.factors(day)[0])
    assert 1.01 < found[0, 24] == found[0, 168] < 1.06
    assert found[0.6, 24] > found[0, 24] + 0.05
    assert found[0.6, 168] == pytest.approx(found[0, 168], abs=0.01)


def test_far_future_takes_the_last_known_factor() -> None:
    assert _state(1.3).factors(np.asarray(["2060-01-01"], "datetime64[h]"))[0] == pytest.approx(1.3)


def test_missing_actuals_are_refused() -> None:
    with pytest.raises(DataError):
        LevelState().updated(HOURS, np.full(HOURS.shape, np.nan), np.ones(HOURS.shape))


def test_state_survives_json() -> None:
    state = _state(1.1)
    assert LevelState.model_validate_json(state.model_dump_json()) == state
