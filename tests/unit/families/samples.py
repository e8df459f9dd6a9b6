"""Random rows with missing values and categories, one target for each kind of task."""

import numpy as np
import onnxruntime
import pytest

from bikecast.arrays import Array, Matrix
from bikecast.families import Fitted, TaskShape, family, installed
from bikecast.families.graphs import INPUT, PROBABILITIES, VALUES

NAMES_OF_COLUMNS = ("size", "weight", "colour", "count", "place")
CATEGORICAL = (2, 4)
N_COLOURS, N_PLACES, NEVER_SEEN = 6, 45, 3  # the colour that no training row has
N_ROWS = 900
QUICK = {
    "xgboost": {"n_estimators": 40},
    "xgboost_absolute": {"n_estimators": 40},
    "xgboost_poisson": {"n_estimators": 60},
    "random_forest": {"n_estimators": 8},
    "extra_trees": {"n_estimators": 8},
    "lightgbm": {"n_estimators": 40},
    "catboost": {"n_estimators": 60},
    "explainable_boosting": {"outer_bags": 1, "max_rounds": 400},
}


def task_of(n_classes: int | None) -> TaskShape:
    """Return the shape of a task on the random columns."""
    return TaskShape(n_classes, NAMES_OF_COLUMNS, CATEGORICAL)


NUMBER, TWO, MANY = task_of(None), task_of(2), task_of(4)
TASKS = {"number": NUMBER, "two classes": TWO, "four classes": MANY}


def matrix(seed: int, *, n_rows: int = N_ROWS) -> Matrix:
    """Return rows, a tenth of the values missing, colour 3 never among them."""
    generator = np.random.default_rng(seed)
    colours = np.delete(np.arange(N_COLOURS), NEVER_SEEN)
    columns = [
        generator.normal(50, 20, n_rows).round(1),
        generator.gamma(2, 30, n_rows),
        generator.choice(colours, n_rows),
        generator.integers(0, 9, n_rows),
        generator.integers(0, N_PLACES, n_rows),
    ]
    rows = np.column_stack(columns).astype(np.float32)
    rows[generator.random(rows.shape) < 0.1] = np.nan
    return rows


def target(features: Matrix, task: TaskShape, *, seed: int) -> Array:
    """Return what a part of the columns, and the missing of one, says of the task."""
    generator = np.random.default_rng(seed)
    size, weight, colour, _, place = np.nan_to_num(features.astype(np.float64), nan=30).T
    raw = size / 20 + np.where(colour % 2 == 1, 3, 0) + np.where(place % 3 == 0, 2, 0)
    raw += 2 * np.isnan(features[:, 1]) + 0.01 * weight + generator.normal(0, 0.5, len(features))
    if task.n_classes is None:
        numbers: Array = np.maximum(raw, 0).round(2)
        return numbers
    edges = np.quantile(raw, np.linspace(0, 1, task.n_classes + 1)[1:-1])
    classes: Array = np.searchsorted(edges, raw).astype(np.float64)
    return classes


def odd_rows() -> Matrix:
    """Return rows that training has not seen: levels that are new, or missing, and everything missing."""
    rows = matrix(77, n_rows=60)
    rows[:20, 2] = NEVER_SEEN
    rows[10:30, 4] = N_PLACES + 200
    rows[30:35] = np.nan
    rows[35:40, :2] = (-1e30, 1e30)
    rows[40:50, 3] = np.nan
    return rows


def fit(name: str, task: TaskShape, *, seed: int = 1) -> Fitted:
    """Fit quickly on the random rows."""
    features = matrix(1)
    params = QUICK.get(name, {})
    return family(name).fit(features, target(features, task, seed=2), task=task, params=params, seed=seed)


def skip_unless_installed(name: str) -> None:
    """Skip, saying which package is missing."""
    if not installed(name):
        pytest.skip(f"the optional library of {name} is not installed")


class Served:
    """A graph in the runtime that serves it."""

    def __init__(self, body: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])

    def predict(self, features: Matrix) -> Array:
        """Return the first output as the fitted model returns it."""
        (output,) = self._session.get_outputs()
        assert [item.name for item in self._session.get_inputs()] == [INPUT]
        (answer,) = self._session.run(None, {INPUT: features})
        assert answer.dtype == np.float32
        if output.name == VALUES:
            assert answer.shape == (len(features), 1)
            answer = answer[:, 0]
        else:
            assert output.name == PROBABILITIES
        wide: Array = answer.astype(np.float64)
        return wide


def served(fitted: Fitted) -> Served:
    """Return the model's graph, ready to be asked."""
    return Served(fitted.to_onnx().SerializeToString())
