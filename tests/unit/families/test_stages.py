"""A fit that grows gives at each stage what a whole fit with as many rounds gives."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bikecast.families import NAMES, ROUNDS, Staged, family, installed, supports
from tests.unit.families.samples import TASKS, matrix, target

AT = (5, 10, 25)
STAGED = {"xgboost", "xgboost_absolute", "xgboost_poisson", "lightgbm"}
CASES = [(name, kind) for name in sorted(STAGED) for kind, task in TASKS.items() if supports(name, task)]


def test_the_staged_families_are_these() -> None:
    assert {name for name in NAMES if installed(name) and isinstance(family(name), Staged)} == {
        name for name in STAGED if installed(name)
    }


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_each_stage_is_the_fit_with_as_many_rounds(name: str, kind: str) -> None:
    if not installed(name):
        pytest.skip(f"{name} is not installed")
    task, chosen, params = TASKS[kind], family(name), {"subsample": 0.7, "colsample_bytree": 0.6}
    assert isinstance(chosen, Staged)
    valid = matrix(3, n_rows=50)
    parts = [(rows, target(rows, task, seed=2)) for rows in (matrix(1), matrix(1, n_rows=600))]
    growing = [
        chosen.stages(rows, actual, valid=valid, rounds=AT, task=task, params=params, seed=7)
        for rows, actual in parts
    ]
    threads = [ThreadPoolExecutor(1) for _ in parts]
    for rounds in AT:  # side by side, as the folds of a trial grow
        for (rows, actual), fit, thread in zip(parts, growing, threads, strict=True):
            whole = chosen.fit(rows, actual, task=task, params=params | {ROUNDS: rounds}, seed=7)
            np.testing.assert_array_equal(thread.submit(next, fit).result(), whole.predict(valid))
