"""Metrics are what their definitions say, and sums of any rows give the value of those rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.evaluation.metrics import (
    ACCURACY,
    BIAS,
    LOG_LOSS,
    MAE,
    MEAN_ERROR,
    R2,
    RMSE,
    WAPE,
    Metric,
    f1,
    f1_macro,
    f1_weighted,
)
from bikecast.evaluation.outcome import Outcome
from tests.unit.evaluation.cases import CASES, N_ROWS, Case, severities

ACTUAL = np.array([10.0, 20, 30, 40])
FORECAST = Outcome(np.array([12.0, 18, 33, 41]))

TRUTH = np.array([0.0, 0, 0, 1, 1, 2])
CLASSES = Outcome(np.array([0.0, 0, 1, 1, 0, 1]))  # F1: 2/3, 2/5, 0


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (RMSE, np.sqrt(18 / 4)),
        (MAE, 2.0),
        (WAPE, 0.08),
        (BIAS, 0.04),
        (MEAN_ERROR, 1.0),
        (R2, 1 - 18 / 500),
    ],
)
def test_errors_of_numbers(metric: Metric, value: float) -> None:
    assert metric.of(ACTUAL, FORECAST) == pytest.approx(value)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (ACCURACY, 3 / 6),
        (f1(0), 2 / 3),
        (f1(1), 2 / 5),
        (f1(2), 0.0),
        (f1_macro(3), (2 / 3 + 2 / 5) / 3),
        (f1_weighted(3), (3 * 2 / 3 + 2 * 2 / 5) / 6),
        (f1_macro(9), (2 / 3 + 2 / 5) / 3),
        (f1_weighted(9), (3 * 2 / 3 + 2 * 2 / 5) / 6),
    ],
)
def test_scores_of_classes(metric: Metric, value: float) -> None:
    assert metric.of(TRUTH, CLASSES) == pytest.approx(value)
    assert metric.error(np.asarray(value)) == pytest.approx(1 - value)


def test_log_loss_is_the_mean_surprise_and_finite_for_a_class_that_was_ruled_out() -> None:
    outcome = Outcome(np.zeros(2), probabilities=np.array([[0.25, 0.75], [1.0, 0.0]]))
    assert LOG_LOSS.of(np.array([1.0, 0.0]), outcome) == pytest.approx(-np.log(0.75) / 2)
    assert np.isfinite(LOG_LOSS.of(np.array([1.0, 1.0]), outcome))


def test_what_cannot_be_divided_is_undefined_and_never_a_number() -> None:
    nobody = np.zeros(3)
    assert np.isnan(WAPE.of(nobody, Outcome(nobody + 1)))
    assert np.isnan(R2.of(nobody + 5.1, Outcome(nobody)))
    assert np.isnan(RMSE.of(nobody[:0], Outcome(nobody[:0])))


def test_f1_of_a_class_that_neither_occurs_nor_is_answered_is_zero() -> None:
    assert f1(1).of(np.zeros(3), Outcome(np.zeros(3))) == 0


@pytest.mark.parametrize("metric", [RMSE, R2, WAPE, f1_macro(3)], ids=lambda metric: metric.name)
@given(cut=st.integers(1, 3))
def test_parts_of_any_rows_add_up(metric: Metric, cut: int) -> None:
    target = ACTUAL if metric.unit != "" or metric is R2 else TRUTH
    outcome = FORECAST if target is ACTUAL else CLASSES
    first, last = np.arange(target.size) < cut, np.arange(target.size) >= cut
    sums = sum(metric.parts(target[rows], outcome.take(rows)).sum(axis=0) for rows in (first, last))
    assert float(metric.value(sums)) == pytest.approx(metric.of(target, outcome), nan_ok=True)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_values_of_many_sums_are_values_of_each(case: Case) -> None:
    parts = case.metric.parts(case.target, case.answer(severities(1)))
    sums = np.stack([parts[:50].sum(axis=0), parts.sum(axis=0)])
    values = case.metric.value(sums)
    assert values.shape == (2,)
    assert values[1] == pytest.approx(case.metric.of(case.target, case.answer(severities(1))))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@given(seed=st.integers(0, 2**32 - 1), row=st.integers(0, N_ROWS - 1))
def test_a_smaller_error_in_one_row_never_raises_the_metrics_error(case: Case, seed: int, row: int) -> None:
    severity = severities(seed)
    better = severity.copy()
    better[row] *= 0.3
    before, after = (case.metric.of(case.target, case.answer(values)) for values in (severity, better))
    assert case.metric.error(np.asarray(after)) <= case.metric.error(np.asarray(before)) + 1e-12


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_an_error_of_zero_is_exactly_zero(case: Case) -> None:
    assert case.metric.error(np.asarray(case.metric.of(case.target, case.answer(np.zeros(N_ROWS))))) == 0
