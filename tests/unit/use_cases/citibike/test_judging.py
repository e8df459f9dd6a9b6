"""Scores, baselines, splits, segments and intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import DataError, JudgementError
from bikecast.evaluation.splits import holdout_start
from bikecast.evaluation.splits.folds import rolling_folds
from use_cases.citibike import segments
from use_cases.citibike.features import build_features
from use_cases.citibike.model import baselines, intervals, metrics

HOURS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[h]")
DEMAND = (500 + 400 * np.sin(HOURS.astype(np.int64) / 24 * 2 * np.pi)).astype(np.float64)


def _features() -> np.ndarray:
    generator = np.random.default_rng(1)
    rain = np.repeat(generator.choice([0.0, 0.5], size=HOURS.size // 24, p=[0.7, 0.3]), 24)
    flat = np.full(HOURS.shape, 50.0)
    return build_features(HOURS, {"TMAX": flat, "TMIN": flat - 9, "SNOW": flat * 0, "PRCP": rain})


def test_scores_are_what_their_definitions_say() -> None:
    hours, actual = HOURS[:4], np.array([10.0, 20, 30, 40])
    predicted = np.array([12.0, 18, 33, 41])
    scores = metrics.score(hours, actual, predicted=predicted, low=predicted - 2, high=predicted + 2)
    assert scores.values["rmse"] == pytest.approx(np.sqrt(18 / 4))
    assert scores.values["mae"] == 2
    assert scores.values["wape"] == pytest.approx(0.08)
    assert scores.values["bias"] == pytest.approx(0.04)
    assert scores.values["r2"] == pytest.approx(1 - 18 / 500)
    assert scores.coverage == 0.75


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_have_no_score(bad: float) -> None:
    with pytest.raises(JudgementError):
        metrics.score(HOURS[:2], np.array([1.0, 2]), predicted=np.array([1.0, bad]))


def test_no_rows_have_no_score() -> None:
    with pytest.raises(JudgementError):
        metrics.score(HOURS[:0], np.empty(0), predicted=np.empty(0))


def test_baselines_repeat_the_past_at_a_week_or_more() -> None:
    late = np.datetime64("2024-06-01") <= HOURS
    found = baselines.baseline_forecasts(HOURS, DEMAND, hours=HOURS[late])
    assert set(found) == {baselines.LAST_WEEK, baselines.FOUR_WEEKS}
    np.testing.assert_allclose(found[baselines.LAST_WEEK], DEMAND[late], rtol=1e-9)


def test_last_year_joins_the_baselines_where_it_is_known() -> None:
    hours = np.arange("2023-01-01", "2024-07-01", dtype="datetime64[h]")
    found = baselines.baseline_forecasts(hours, np.arange(hours.size, dtype=float) + 1, hours=HOURS[-720:])
    np.testing.assert_allclose(found[baselines.LAST_YEAR], np.arange(hours.size)[-720:] + 1 - 364 * 24)


def test_baselines_do_not_read_younger_hours_than_a_week() -> None:
    late = HOURS[-24:]
    changed = np.where(late[0] - np.timedelta64(144, "h") <= HOURS, 1e6, DEMAND)
    for name, values in baselines.baseline_forecasts(HOURS, changed, hours=late).items():
        np.testing.assert_allclose(values, baselines.baseline_forecasts(HOURS, DEMAND, hours=late)[name])


@given(st.floats(0.1, 0.6))
def test_holdout_is_the_last_share_in_whole_days(test_size: float) -> None:
    start = holdout_start(HOURS, test_size=test_size)
    share = np.mean(start <= HOURS)
    assert start == start.astype("datetime64[D]")
    assert share == pytest.approx(test_size, abs=1 / 182)


def test_folds_follow_each_other_and_never_look_ahead() -> None:
    folds = list(rolling_folds(HOURS, n_folds=4, valid_days=21))
    assert sum(fold.valid.sum() for fold in folds) == 4 * 21 * 24
    for fold in folds:
        assert HOURS[fold.train].max() < HOURS[fold.valid].min()
    assert folds[-1].valid[-1]


def test_too_few_days_say_what_to_load() -> None:
    with pytest.raises(DataError, match="load more months"):
        holdout_start(HOURS[: 24 * 20], test_size=0.2)
    with pytest.raises(DataError):
        list(rolling_folds(HOURS[: 24 * 60], n_folds=4, valid_days=21))


def test_segments_partition_the_day_and_name_the_months() -> None:
    found = segments.masks(_features(), HOURS)
    bands = np.sum([found[f"hours {band}"] for band in segments.BANDS], axis=0)
    assert (bands == 1).all()
    assert found["month 2024-02"].sum() == 29 * 24
    assert 0 < found["rain"].mean() < 1
    assert "snow" not in found


def test_intervals_cover_what_they_promise_on_exchangeable_hours() -> None:
    features, generator = _features(), np.random.default_rng(7)
    predicted = DEMAND + 10
    actual = predicted * generator.lognormal(0, 0.3, size=HOURS.size)
    first = np.arange(HOURS.size) % 2 == 0
    calibration = intervals.calibrate(features[first], actual[first], predicted[first])
    low, high = calibration.bounds(features[~first], predicted[~first])
    covered = (actual[~first] >= low) & (actual[~first] <= high)
    assert covered.mean() == pytest.approx(0.9, abs=0.02)


def test_a_small_group_borrows_from_its_band() -> None:
    features = _features()
    calibration = intervals.calibrate(features, DEMAND + 1, DEMAND + 1)
    kept = calibration.model_copy(
        update={"groups": {k: v for k, v in calibration.groups.items() if k.endswith("any")}}
    )
    low, high = kept.bounds(features, DEMAND)
    assert (low <= DEMAND).all()
    assert (high >= DEMAND).all()


def test_intervals_need_rows() -> None:
    with pytest.raises(JudgementError, match="rows to calibrate on"):
        intervals.calibrate(_features()[:24], DEMAND[:24] + 1, DEMAND[:24] + 1)


def test_bands_in_which_time_costs_accuracy_are_widened_and_none_is_narrowed() -> None:
    features, generator = _features(), np.random.default_rng(3)
    predicted = DEMAND + 10
    actual = predicted * generator.lognormal(0, 0.2, size=HOURS.size)
    night = features[:, 0] < 6
    rolling = np.where(night, predicted * 1.3, actual)
    calibration = intervals.calibrate(features, actual, predicted)
    wider = intervals.widened(calibration, features, actual, out_of_fold=predicted, rolling=rolling)
    for key, (low, high) in calibration.groups.items():
        grown = wider.groups[key]
        if key.startswith("00-06"):
            assert grown[0] < low
            assert grown[1] > high
        else:
            assert grown == (low, high)
