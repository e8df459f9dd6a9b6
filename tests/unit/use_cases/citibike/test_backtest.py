from dataclasses import dataclass

import numpy as np
import pytest

from bikecast.arrays import Array, Matrix
from bikecast.evaluation.splits.folds import blocked_folds, rolling_folds
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.model.backtest import (
    Sample,
    best_blend,
    blended,
    leveled_rmse,
    out_of_fold,
    with_level,
)
from use_cases.citibike.model.level import LevelState

HOURS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[h]")
ACTUAL = (500 + 300 * np.sin(HOURS.astype(np.int64) / 24 * 2 * np.pi)).astype(np.float64)
SAMPLE = Sample(HOURS, np.zeros((HOURS.size, len(FEATURE_NAMES)), dtype=np.float32), ACTUAL)
STATE = LevelState(prior_days=0)


@dataclass(frozen=True)
class Constant:
    """A model that knows only how many hours it was fitted on."""

    n_rows: int

    def predict(self, features: Matrix) -> Array:
        return np.full(len(features), float(self.n_rows))


def _fit(part: Sample) -> Constant:
    return Constant(len(part.hours))


def test_each_fold_is_predicted_by_a_model_of_the_hours_before_it() -> None:
    folds = list(rolling_folds(HOURS, n_folds=3, valid_days=28))
    predicted = out_of_fold(SAMPLE, _fit, folds)  # type: ignore[arg-type]  # a constant needs no graph
    for fold in folds:
        assert (predicted[fold.valid] == fold.train.sum()).all()
    assert np.isnan(predicted[folds[0].train]).all()


def test_blocks_leave_out_every_day_once_and_never_judge_what_they_fit() -> None:
    folds = list(blocked_folds(HOURS, n_folds=5, block_days=14))
    assert (np.sum([fold.valid for fold in folds], axis=0) == 1).all()
    assert all((fold.train ^ fold.valid).all() for fold in folds)


def test_level_repairs_a_steady_bias_but_not_before_its_horizon() -> None:
    values, state = with_level(SAMPLE, ACTUAL * 0.8, state=STATE)
    late = HOURS[0] + np.timedelta64(8, "D") <= HOURS
    np.testing.assert_allclose(values[late], ACTUAL[late])
    np.testing.assert_allclose(values[~late], ACTUAL[~late] * 0.8)
    assert state.as_of is not None
    assert leveled_rmse(SAMPLE, ACTUAL * 0.8, state=STATE) < 0.25 * 0.2 * ACTUAL.mean() + 30


def test_hours_without_prediction_stay_without() -> None:
    predicted = np.where(np.datetime64("2024-03-01") <= HOURS, ACTUAL, np.nan)
    values, state = with_level(SAMPLE, predicted, state=STATE)
    assert np.isnan(values[np.isnan(predicted)]).all()
    assert str(state.days[0]) == "2024-03-01"


def test_blend_takes_members_that_err_differently() -> None:
    noise = np.random.default_rng(1).normal(0, 50, (3, HOURS.size))
    predictions = {name: ACTUAL + row for name, row in zip("abc", noise, strict=True)}
    predictions["bad"] = ACTUAL * np.where(HOURS.astype(np.int64) % 2 == 0, 0.2, 1.8)
    members, rmse = best_blend(SAMPLE, predictions, state=STATE)
    assert members == ("a", "b", "c")
    assert rmse == pytest.approx(leveled_rmse(SAMPLE, blended(predictions, members), state=STATE))
