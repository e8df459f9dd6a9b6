"""Every family that can do a task learns it, repeats itself, and exports a graph that answers the same."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from bikecast.arrays import Array
from bikecast.errors import DataError, InputError
from bikecast.families import NAMES, Fitted, TaskShape, family, supports
from bikecast.families.contributions import Explained
from tests.unit.families.samples import (
    NAMES_OF_COLUMNS,
    NUMBER,
    QUICK,
    TASKS,
    Served,
    fit,
    matrix,
    odd_rows,
    served,
    skip_unless_installed,
    target,
)

Case = tuple[str, TaskShape, Fitted, Served]
CASES = [(name, kind) for kind, task in TASKS.items() for name in NAMES if supports(name, task)]
TELLS = {"xgboost", "xgboost_absolute", "xgboost_poisson", "lightgbm", "catboost", "explainable_boosting"}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}, {case[1]}")
def case(request: pytest.FixtureRequest) -> Case:
    name, kind = request.param
    skip_unless_installed(name)
    fitted = fit(name, TASKS[kind])
    return name, TASKS[kind], fitted, served(fitted)


def _margins(answer: Array, name: str) -> Array:
    """Return what contributions add up to: the logarithm of probabilities and of expected counts."""
    if answer.ndim == 1:
        return np.log(answer) if name == "xgboost_poisson" else answer
    logs: Array = np.log(answer)
    return logs[:, 1] - logs[:, 0] if answer.shape[1] == 2 else logs


def test_family_learns_rows_it_has_not_seen(case: Case) -> None:
    _, task, fitted, _ = case
    rows = matrix(5)
    actual, answer = target(rows, task, seed=6), fitted.predict(rows)
    if task.n_classes is None:
        assert answer.shape == (len(rows),)
        assert np.sqrt(np.mean((answer - actual) ** 2)) < 0.75 * actual.std()
    else:
        assert np.mean(answer.argmax(axis=1) == actual) > (0.72 if task.n_classes == 2 else 0.5)


def test_probabilities_are_a_row_of_shares(case: Case) -> None:
    _, task, fitted, graph = case
    if task.n_classes is None:
        return
    for answer, atol in ((fitted.predict(odd_rows()), 1e-12), (graph.predict(odd_rows()), 1e-5)):
        assert answer.shape == (len(odd_rows()), task.n_classes)
        assert answer.min() >= 0
        np.testing.assert_allclose(answer.sum(axis=1), 1, atol=atol)


def test_same_seed_gives_the_same_model(case: Case) -> None:
    name, task, fitted, _ = case
    np.testing.assert_array_equal(fitted.predict(odd_rows()), fit(name, task).predict(odd_rows()))


@pytest.mark.parametrize("rows", [matrix(1), matrix(9), odd_rows()], ids=["training", "new", "odd"])
def test_graph_gives_the_same_answer(case: Case, rows: np.ndarray) -> None:
    _, _, fitted, graph = case
    np.testing.assert_allclose(graph.predict(rows), fitted.predict(rows), rtol=1e-4, atol=1e-5)


def test_graph_sends_rows_beside_a_threshold_where_the_library_does(
    case: Case,
) -> None:
    """Neighbours of every value of training in float32: a threshold that is rounded moves one of them."""
    _, _, fitted, graph = case
    rows = matrix(1)
    for towards in (-np.inf, np.inf):
        beside = rows.copy()
        beside[:, :2] = np.nextafter(rows[:, :2], np.float32(towards))
        middle = (rows + rows[::-1]) / 2  # where trees like to split
        middle[:, [2, 4]] = rows[:, [2, 4]]
        for asked in (beside, np.nextafter(middle, np.where([0, 0, 1, 0, 1], middle, np.float32(towards)))):
            asked = asked.astype(np.float32)
            np.testing.assert_allclose(graph.predict(asked), fitted.predict(asked), rtol=1e-4, atol=1e-5)


def test_importance_is_a_share_of_each_feature(case: Case) -> None:
    importance = case[2].importance()
    assert tuple(importance) == NAMES_OF_COLUMNS
    assert sum(importance.values()) == pytest.approx(1)
    assert min(importance.values()) >= 0
    assert importance["count"] < min(importance["size"], importance["colour"])  # it says nothing


def test_contributions_add_up_to_the_prediction(case: Case) -> None:
    name, task, fitted, _ = case
    assert isinstance(fitted, Explained) == (name in TELLS)
    if not isinstance(fitted, Explained):
        return
    rows = matrix(1)[:100]
    values = fitted.contributions(rows)
    assert values.shape == (100, len(NAMES_OF_COLUMNS), *([task.n_classes] if task.n_margins > 1 else []))
    rest = _margins(fitted.predict(rows), name) - values.sum(axis=1)  # the mean of the margins
    if task.n_margins > 1:  # probabilities tell margins up to a number that all classes of a row share
        rest -= rest.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(rest - rest.mean(axis=0), 0, atol=2e-3)


def test_model_pickles_for_the_registry(case: Case) -> None:
    back = pickle.loads(pickle.dumps(case[2]))
    np.testing.assert_array_equal(back.predict(odd_rows()), case[2].predict(odd_rows()))


@pytest.mark.parametrize("name", [name for name in NAMES if supports(name, TASKS["four classes"])])
def test_a_class_that_training_rows_lack_is_answered_as_all_but_impossible(name: str) -> None:
    skip_unless_installed(name)
    task = TASKS["four classes"]
    features = matrix(1)
    classes = target(features, task, seed=2)
    for absent in ((2,), (0, 3)):
        rows = ~np.isin(classes, absent)
        fitted = family(name).fit(
            features[rows], classes[rows], task=task, params=QUICK.get(name, {}), seed=1
        )
        answer = fitted.predict(odd_rows())
        assert answer[:, list(absent)].max() < 0.05
        np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(served(fitted).predict(odd_rows()), answer, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_target_that_is_always_the_same_is_refused(name: str, kind: str) -> None:
    skip_unless_installed(name)
    with pytest.raises(DataError, match="all 20 rows have the same target"):
        family(name).fit(matrix(1)[:20], np.ones(20), task=TASKS[kind], params={}, seed=1)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (np.asarray([0, 1, np.nan]), "1 of 3 values are missing"),
        (np.asarray([0, 1, 2.0]), "classes must be 0 to 1"),
        (np.asarray([0, 1.0]), "2 rows of 5 features"),
        (np.asarray([]), "0 rows"),
    ],
)
def test_rows_that_do_not_fit_the_task_are_refused(actual: np.ndarray, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        family("linear").fit(matrix(1)[:3], actual, task=TASKS["two classes"], params={}, seed=1)


@pytest.mark.parametrize("name", ["glm", "xgboost_absolute", "xgboost_poisson"])
def test_a_family_that_predicts_numbers_refuses_classes(name: str) -> None:
    features = matrix(1)
    assert not supports(name, TASKS["two classes"])
    with pytest.raises(InputError, match=f"{name} predicts numbers, not 2 classes"):
        family(name).fit(
            features, np.arange(float(len(features))) % 2, task=TASKS["two classes"], params={}, seed=1
        )


def test_an_unknown_family_is_named() -> None:
    for ask in (lambda: family("prophet"), lambda: supports("prophet", NUMBER)):
        with pytest.raises(InputError, match="prophet"):
            ask()


def test_counts_below_zero_are_refused_by_the_poisson_regression() -> None:
    features = matrix(1)
    with pytest.raises(DataError, match="-1 is among them"):
        family("glm").fit(features, np.arange(float(len(features))) - 1, task=NUMBER, params={}, seed=1)


@pytest.mark.parametrize(("n_classes", "categorical"), [(1, ()), (2, (5,)), (None, (-1,))])
def test_a_shape_that_cannot_be_is_refused(n_classes: int | None, categorical: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must hold|outside"):
        TaskShape(n_classes, NAMES_OF_COLUMNS, categorical)


def test_boosted_trees_are_fitted_without_importing_what_their_library_has_for_another() -> None:
    code = (
        "import sys; import numpy as np; from bikecast.families import TaskShape, family;"
        "x = np.arange(40, dtype=np.float32).reshape(-1, 1); shape = TaskShape(None, ('x',));"
        "model = family('xgboost').fit(x, x[:, 0] * 2.0, task=shape, params={'n_estimators': 3}, seed=1);"
        "assert 'sklearn' not in sys.modules;"
        "tree = family('decision_tree').fit(x, x[:, 0] * 2.0, task=shape, params={}, seed=1);"
        "assert model.predict(x).shape == tree.predict(x).shape == (40,)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
