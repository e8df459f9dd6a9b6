"""Out-of-fold predictions, their error after what is done after the model, and the best blend."""

from dataclasses import dataclass

import numpy as np
import pytest

from bikecast.arrays import Array, Matrix
from bikecast.errors import JudgementError
from bikecast.evaluation.after_model import ClassDecision, ConformalInterval, Plain
from bikecast.evaluation.backtest import best_blend, blended, has_prediction, out_of_fold, out_of_sample_error
from bikecast.evaluation.metrics import MAE, RMSE, f1
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.evaluation.splits import Fold, Stratified
from tests.unit.evaluation.cases import MINUTES, N_ROWS, PAYMENT, SIZES, sample

TARGET = 60 + 40 * np.sin(np.arange(N_ROWS))
ROWS = sample(TARGET)
CLASSES = sample((np.arange(N_ROWS) % 3).astype(np.float64))
POSITION = np.arange(N_ROWS)
FOLDS = [
    Fold(number, start > POSITION, (start <= POSITION) & (start + 50 > POSITION))
    for number, start in enumerate((100, 150, 200))
]


@dataclass(frozen=True)
class Constant:
    """A model that knows only how many rows it was fitted on, and how many classes there are."""

    n_rows: int
    n_classes: int | None = None

    def predict(self, features: Matrix) -> Array:
        if self.n_classes is None:
            return np.full(len(features), float(self.n_rows))
        return np.full((len(features), self.n_classes), 1 / self.n_classes)


def _fit(part: Sample) -> Constant:
    return Constant(len(part))


def test_each_fold_is_predicted_by_a_model_of_its_other_side() -> None:
    predicted = out_of_fold(ROWS, _fit, FOLDS)
    for fold in FOLDS:
        assert (predicted[fold.valid] == fold.train.sum()).all()
    assert has_prediction(predicted).tolist() == ((POSITION >= 100) & (POSITION < 250)).tolist()


def test_classes_are_predicted_as_probabilities() -> None:
    folds = Stratified().folds(None, CLASSES.target, {})
    predicted = out_of_fold(CLASSES, lambda part: Constant(len(part), 3), folds)
    assert predicted.shape == (N_ROWS, 3)
    train = Stratified().parts(None, CLASSES.target, {}).train
    np.testing.assert_array_equal(has_prediction(predicted), train)
    error = out_of_sample_error(CLASSES, predicted, after_model=Plain(), metric=f1(0), task=SIZES)
    assert error == pytest.approx(0.5, abs=0.01)  # always class 0 of three: precision 1/3, recall 1


def test_no_fold_and_a_wrong_number_of_predictions_are_refused() -> None:
    with pytest.raises(JudgementError, match="no fold"):
        out_of_fold(ROWS, _fit, [])

    class One:
        def predict(self, features: Matrix) -> Array:
            return np.ones(1)

    with pytest.raises(JudgementError, match="1 predictions for 50 rows"):
        out_of_fold(ROWS, lambda part: One(), FOLDS)


def test_the_error_is_of_the_rows_that_have_a_prediction() -> None:
    raw = np.where(POSITION < 150, np.nan, TARGET + 3)
    for after in (Plain(), ConformalInterval()):
        assert out_of_sample_error(ROWS, raw, after_model=after, metric=MAE, task=MINUTES) == pytest.approx(3)
    with pytest.raises(JudgementError, match="no row has an out-of-sample prediction"):
        out_of_sample_error(ROWS, raw * np.nan, after_model=Plain(), metric=MAE, task=MINUTES)


def test_a_candidate_is_judged_by_its_own_threshold() -> None:
    target = (POSITION % 4 == 0).astype(np.float64)
    noise = np.random.default_rng(1).normal(0, 0.1, N_ROWS)
    shy = np.clip(np.where(target == 1, 0.3, 0.1) + noise / 4, 0, 1)  # never reaches a half
    raw, metric = np.column_stack([1 - shy, shy]), f1(1)
    rows = sample(target)
    error = out_of_sample_error(rows, raw, after_model=ClassDecision(), metric=metric, task=PAYMENT)
    assert error < 0.1
    assert metric.of(target, Outcome((shy >= 0.5).astype(np.float64))) == 0


def _rmse(raw: Array) -> float:
    return out_of_sample_error(ROWS, raw, after_model=Plain(), metric=RMSE, task=MINUTES)


def test_a_blend_takes_members_that_err_differently() -> None:
    noise = np.random.default_rng(1).normal(0, 5, (3, N_ROWS))
    predictions = {name: TARGET + row for name, row in zip("abc", noise, strict=True)}
    predictions["bad"] = TARGET * np.where(POSITION % 2 == 0, 0.2, 1.8)
    members, error = best_blend(predictions, _rmse)
    assert members == ("a", "b", "c")
    assert error == pytest.approx(_rmse(blended(predictions, members)))


def test_of_blends_that_are_alike_the_largest_is_taken() -> None:
    alike = {"a": TARGET + 5, "b": TARGET + 5.01}
    assert best_blend(alike, _rmse)[0] == ("a", "b")
    assert best_blend({**alike, "c": TARGET + 6}, _rmse)[0] == ("a", "b")


def test_probabilities_are_blended_to_probabilities() -> None:
    raw = np.random.default_rng(1).dirichlet(np.ones(3), (2, 50))
    mean = blended({"a": raw[0], "b": raw[1]}, ("a", "b"))
    np.testing.assert_allclose(mean.sum(axis=1), 1)
    np.testing.assert_allclose(mean, raw.mean(axis=0))


def test_families_without_a_finite_error_cannot_be_compared() -> None:
    with pytest.raises(JudgementError, match="cannot be compared"):
        best_blend({}, _rmse)
    with pytest.raises(JudgementError, match="cannot be compared"):
        best_blend({"a": TARGET}, lambda raw: float("nan"))
