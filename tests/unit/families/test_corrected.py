"""Trees that correct a regression: they begin where it ends, and their product is one graph."""

from dataclasses import replace

import numpy as np
import pytest

from bikecast.arrays import Array, Matrix
from bikecast.families import TaskShape, family
from bikecast.families.base import Fitted
from bikecast.families.basis import BasisSet, BasisSpec
from bikecast.families.corrected import Corrected, correct
from tests.unit.families.samples import served

SPEC = BasisSpec((BasisSet("slope", "x", (0, 1)),), (("slope",),))
TASK = TaskShape(n_classes=None, feature_names=("x", "step"), basis=SPEC)
PARAMS = {"n_estimators": 60, "learning_rate": 0.2, "max_depth": 3, "min_child_weight": 1}


def rows(n: int = 400) -> tuple[Matrix, Array]:
    """Return counts that rise exponentially along one feature and double above a step of the other."""
    generator = np.random.default_rng(7)
    features = generator.random((n, 2)).astype(np.float32)
    return features, np.exp(4 + features[:, 0].astype(float)) * np.where(features[:, 1] > 0.5, 2.0, 1.0)


def fitted() -> tuple[Fitted, Corrected]:
    features, target = rows()
    smooth = family("glm").fit(features, target, task=TASK, params={}, seed=1)
    corrected = correct(smooth, features, target=target, task=TASK, params=PARAMS, seed=1)
    assert isinstance(corrected, Corrected)
    return smooth, corrected


def test_the_trees_learn_the_factor_that_the_regression_lacks() -> None:
    smooth, corrected = fitted()
    features, target = rows()
    assert corrected.predict(features) == pytest.approx(target, rel=0.1)
    factor = corrected.predict(features) / smooth.predict(features)
    assert factor[features[:, 1] > 0.5].min() > 1.1
    assert factor[features[:, 1] < 0.5].max() < 0.9


def test_beyond_what_was_met_the_curve_goes_on() -> None:
    _, corrected = fitted()
    beyond = np.asarray([[0.1, 0.2], [0.9, 0.2]], dtype=np.float32)
    low, high = corrected.predict(beyond)
    assert high / low == pytest.approx(np.exp(0.8), rel=0.15)


def test_its_graph_answers_as_it_does_and_names_every_feature() -> None:
    _, corrected = fitted()
    features, _ = rows(50)
    assert served(corrected).predict(features) == pytest.approx(corrected.predict(features), rel=1e-5)
    assert sorted(corrected.importance()) == ["step", "x"]


def test_the_regression_is_raised_to_the_floor_before_it_is_corrected() -> None:
    _, corrected = fitted()
    raised = replace(corrected, floor=1e6)
    features, _ = rows(5)
    factor = corrected.factor.predict(features)
    assert raised.predict(features) == pytest.approx(1e6 * factor)
    assert served(raised).predict(features) == pytest.approx(1e6 * factor, rel=1e-5)
