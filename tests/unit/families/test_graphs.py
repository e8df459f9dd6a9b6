"""Trees as tables and graphs of several models: thresholds, sets of levels, blends, fallbacks."""

from dataclasses import dataclass

import numpy as np
import onnx
import pytest
from onnx import helper

from bikecast.arrays import Array, Matrix
from bikecast.families import Fitted, TaskShape
from bikecast.families.blend import Blend
from bikecast.families.fallback import WithFallback, with_missing_optional
from bikecast.families.graphs import INPUT, VALUES, model, tensor
from bikecast.families.trees.graph import ensemble
from bikecast.families.trees.tables import EQUAL, LESS_OR_EQUAL, Trees, rounded_down, rounded_up
from tests.unit.families.samples import MANY, NUMBER, TWO, Served, fit, matrix, odd_rows, served

ONE = TaskShape(None, ("x",))


def _stump(threshold: np.ndarray, **changed: object) -> Trees:
    """Return one tree of one split per threshold: 1 where the row goes to ``if_true``."""
    count = threshold.size
    columns: dict[str, object] = {
        "tree": np.repeat(np.arange(count), 3),
        "node": np.tile([0, 1, 2], count),
        "feature": np.tile([0, -1, -1], count),
        "threshold": np.repeat(threshold, 3).astype(np.float32),
        "if_true": np.tile([1, 0, 0], count),
        "if_false": np.tile([2, 0, 0], count),
        "missing_true": np.zeros(3 * count, dtype=bool),
        "value": np.tile([0, 1, 0], count).astype(np.float32)[:, None],
        "mode": np.full(3 * count, LESS_OR_EQUAL),
        "output": np.zeros(3 * count, dtype=np.int64),
    }
    return Trees(**(columns | changed))  # type: ignore[arg-type]  # columns by name


def _answers(trees: Trees, rows: Matrix) -> Array:
    graph = ensemble(trees, base=np.zeros(1), task=ONE, link="identity", name="test")
    return Served(graph.SerializeToString()).predict(rows)


def test_a_threshold_between_two_neighbours_in_float32_parts_them_as_in_float64() -> None:
    """The nearest float32 to the middle of two neighbours is one of them: half of the time the wrong one."""
    below = np.random.default_rng(1).uniform(0.1, 500, 200).astype(np.float32)
    above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2
    assert np.all(rounded_down(middle) == below)
    assert np.all(rounded_up(middle) == above)
    moved = 0
    for left, right, threshold in zip(below, above, middle, strict=True):
        rows = np.asarray([[left], [right]], dtype=np.float32)
        exact = _answers(_stump(rounded_down(np.asarray([threshold]))), rows)
        np.testing.assert_array_equal(exact, rows[:, 0] <= threshold)
        moved += bool((_answers(_stump(np.asarray([threshold])), rows) != exact).any())
    assert 50 < moved < 150


def test_a_forest_tells_neighbours_in_float32_apart_as_its_library_does() -> None:
    """What a converter that rounds thresholds or forgets where missing values go would get wrong."""
    from bikecast.families import family

    below = np.random.default_rng(2).uniform(3, 500, 60).astype(np.float32)
    rows = np.concatenate([below, np.nextafter(below, np.float32(np.inf)), np.full(30, np.nan)])
    rows = rows.astype(np.float32)[:, None]
    target = np.repeat([0.0, 1.0, 5.0], [60, 60, 30])
    params = {"n_estimators": 10, "min_samples_leaf": 1, "max_depth": 30}
    fitted = family("random_forest").fit(rows, target, task=ONE, params=params, seed=1)
    np.testing.assert_allclose(served(fitted).predict(rows), fitted.predict(rows), rtol=1e-6)
    assert fitted.predict(rows[-1:])[0] > 4


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("n_levels", [3, 32, 33, 300])
def test_a_set_of_levels_goes_one_way_and_all_else_the_other(n_levels: int, missing: bool) -> None:
    generator = np.random.default_rng(n_levels)
    sets = [generator.choice(n_levels, generator.integers(1, n_levels), replace=False) for _ in range(6)]
    trees = _stump(
        np.zeros(6),
        value=np.column_stack([np.zeros(6), 2.0 ** np.arange(6), np.zeros(6)]).ravel()[:, None],
        missing_true=np.tile([missing, False, False], 6),
        members={3 * number: held.tolist() for number, held in enumerate(sets)},
    )
    rows = np.append(np.arange(-1, n_levels + 50), np.nan).astype(np.float32)
    wanted = np.sum([2.0**number * np.isin(rows, held) for number, held in enumerate(sets)], axis=0)
    wanted[-1] = 63 if missing else 0
    np.testing.assert_array_equal(_answers(trees, rows[:, None]), wanted)


def test_neighbouring_sets_with_the_same_answer_keep_their_own_way_for_missing_values() -> None:
    """The runtime joins equality splits whose leaves agree, whatever each does with a missing value."""
    trees = Trees(
        tree=np.zeros(5, dtype=np.int64),
        node=np.arange(5),
        feature=np.asarray([0, -1, 0, -1, -1]),
        threshold=np.zeros(5, dtype=np.float32),
        if_true=np.asarray([1, 0, 3, 0, 0]),
        if_false=np.asarray([2, 0, 4, 0, 0]),
        missing_true=np.asarray([False, False, True, False, False]),
        value=np.asarray([[0], [7], [0], [7], [1]], dtype=np.float32),
        mode=np.full(5, EQUAL),
        output=np.zeros(5, dtype=np.int64),
        members={0: [1.0], 2: [4.0]},
    )
    rows = np.asarray([[1], [4], [2], [np.nan]], dtype=np.float32)
    np.testing.assert_array_equal(_answers(trees, rows), [7, 7, 1, 7])


@dataclass(frozen=True)
class Flat:
    """A member that always says the same."""

    value: float

    def predict(self, features: Matrix) -> Array:
        return np.full(len(features), self.value)

    def importance(self) -> dict[str, float]:
        return dict.fromkeys(NUMBER.feature_names, 1 / NUMBER.n_features)

    def to_onnx(self) -> onnx.ModelProto:
        nodes = [
            helper.make_node("Shape", [INPUT], ["rows"], end=1),
            helper.make_node("Concat", ["rows", "width"], ["shape"], axis=0),
            helper.make_node("Expand", ["value", "shape"], [VALUES]),
        ]
        constants = [tensor("width", [1], np.int64), tensor("value", [[self.value]])]
        return model(nodes, constants, task=NUMBER, name="flat")


def test_a_member_below_the_floor_does_not_pull_the_others_down() -> None:
    members: dict[str, Fitted] = {"low": Flat(-300.0), "good": Flat(101.0)}
    for floor, wanted in ((1.0, 51.0), (None, -99.5)):
        blend = Blend(members, floor=floor)
        np.testing.assert_allclose(blend.predict(matrix(1)[:5]), wanted)
        np.testing.assert_allclose(served(blend).predict(matrix(1)[:5]), wanted)


@pytest.mark.parametrize("task", [NUMBER, TWO, MANY], ids=["number", "two classes", "four classes"])
def test_a_blend_is_the_mean_of_its_members_in_python_and_in_the_graph(task: TaskShape) -> None:
    blend = Blend({name: fit(name, task) for name in ("xgboost", "linear", "extra_trees")})
    parts = [member.predict(odd_rows()) for member in blend.members.values()]
    np.testing.assert_allclose(blend.predict(odd_rows()), np.mean(parts, axis=0))
    np.testing.assert_allclose(
        served(blend).predict(odd_rows()), blend.predict(odd_rows()), rtol=1e-4, atol=1e-5
    )
    assert sum(blend.importance().values()) == pytest.approx(1)
    if task.n_classes is not None:
        np.testing.assert_allclose(blend.predict(odd_rows()).sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("task", [NUMBER, TWO, MANY], ids=["number", "two classes", "four classes"])
def test_a_fallback_answers_exactly_where_an_optional_column_is_missing(task: TaskShape) -> None:
    both = WithFallback(fit("xgboost", task), fit("linear", task), (0, 1))
    rows = matrix(3)[:80]
    rows[:, :2] = np.nan_to_num(rows[:, :2])
    rows[::2, 1] = np.nan
    answer = both.predict(rows)
    np.testing.assert_array_equal(answer[1::2], both.full.predict(rows[1::2]))
    np.testing.assert_array_equal(answer[::2], both.without_optional.predict(rows[::2]))
    np.testing.assert_allclose(served(both).predict(rows), answer, rtol=1e-4, atol=1e-5)


def test_optional_columns_go_missing_by_group_in_the_copy_only() -> None:
    rows, groups = np.nan_to_num(matrix(1)), np.repeat(np.arange(90), 10)
    target = np.arange(900.0)
    features, doubled = with_missing_optional(rows, target, columns=(1, 3), groups=groups, seed=1)
    np.testing.assert_array_equal(features[:900], rows)
    np.testing.assert_array_equal(doubled, np.concatenate([target, target]))
    missing: np.ndarray = np.isnan(features[900:]).reshape(90, 10, 5)
    assert not missing[..., [0, 2, 4]].any()
    np.testing.assert_array_equal(missing.all(axis=1), missing.any(axis=1))
    every_optional = missing[:, 0, [1, 3]].all(axis=1).mean()
    assert 0.4 < every_optional < 0.9
