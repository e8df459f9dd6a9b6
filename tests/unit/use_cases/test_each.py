"""What holds for every use case: declaration, simulation, features, shifts and search fit each other."""

import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from bikecast import discovery
from bikecast.evaluation.baselines import answers
from bikecast.evaluation.segments import masks
from bikecast.examples import columns_of, to_sample
from bikecast.examples.contract import checked
from bikecast.families import NAMES as FAMILIES
from bikecast.families import TaskShape, family
from bikecast.use_case import Category, Classification, Moment, UseCase
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.unit.use_cases.conftest import NAMES, Simulated

pytestmark = pytest.mark.parametrize("name", NAMES)


def start_of(use_case: UseCase) -> tuple[str, dict[str, Any]]:
    """Return the first family of the search file and its start."""
    families = tomllib.loads(use_case.search.read_text())["families"]
    chosen = next(iter(families))
    return chosen, families[chosen]["start"]


def test_registry_finds_it(name: str) -> None:
    assert name in discovery.names()
    assert discovery.load(name).name == name


def test_declaration_is_read_without_pandas_or_fastapi(name: str) -> None:
    heavy = "{'pandas', 'pyarrow', 'fastapi', 'boto3', 'mlflow', 'sklearn'} & set(sys.modules)"
    load = f"from bikecast import discovery; discovery.load({name!r})"
    code = f"import sys; {load}; sys.exit(', '.join({heavy}) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_simulation_is_labelled_quick_small_and_the_same_by_seed(
    name: str, tmp_path: Path, simulated: Simulated
) -> None:
    _, _, before = simulated(name)
    simulate = discovery.load(name).simulate
    assert simulate is not None
    started_s = time.process_time()
    simulate(tmp_path)
    assert time.process_time() - started_s < 5
    files = sorted(path.name for path in before.iterdir())
    assert "simulated.json" in files
    for file in files:
        assert (tmp_path / file).read_bytes() == (before / file).read_bytes()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 3_000_000


def test_simulation_loads_completely(name: str, simulated: Simulated) -> None:
    report, table, _ = simulated(name)
    assert report.status == "complete"
    assert report.simulated
    assert report.rows == report.kept + sum(report.refused.values())
    assert len(table) == sum(part.rows for part in report.partitions.values()) > 2_000


def test_row_asked_over_the_api_gives_the_features_of_the_same_row_in_a_file(
    name: str, simulated: Simulated
) -> None:
    use_case = discovery.load(name)
    _, table, _ = simulated(name)
    some = table.sample(200, random_state=1).reset_index(drop=True)
    model = row_model(use_case)
    rows = [model.model_validate(_as_json(use_case, row)) for row in some.to_dict("records")]
    asked = columns_of_rows(use_case, rows)
    assert not asked.unknown
    from_file = use_case.features.build(columns_of(use_case, some))
    np.testing.assert_array_equal(use_case.features.build(asked.columns), from_file)
    assert from_file.dtype == np.float32
    assert from_file.shape == (200, len(use_case.features.columns))


def _as_json(use_case: UseCase, row: dict[Any, Any]) -> dict[str, Any]:
    found = {}
    for item in use_case.inputs:
        value = row[item.name]
        if pd.isna(value):
            continue
        found[item.name] = str(value) if isinstance(item.kind, Moment) else value
    return found


def test_codes_of_categorical_features_are_levels(name: str, simulated: Simulated) -> None:
    use_case = discovery.load(name)
    features = to_sample(use_case, simulated(name)[1]).features
    for position in use_case.features.categorical:
        codes = features[:, position]
        levels = len(use_case.features.columns[position].levels)
        assert ((codes >= 0) & (codes < levels) & (codes == np.floor(codes)) | np.isnan(codes)).all()


def test_examples_of_the_api_are_legal_and_have_features(name: str) -> None:
    use_case = discovery.load(name)
    model = row_model(use_case)
    rows = [model.model_validate(example) for example in use_case.example_rows]
    assert np.isfinite(use_case.features.build(columns_of_rows(use_case, rows).columns)).all()


def test_unknown_level_is_answered_as_missing_or_refused_as_declared(name: str) -> None:
    use_case = discovery.load(name)
    for item in use_case.inputs:
        if not isinstance(item.kind, Category):
            continue
        if item.kind.unknown == "refuse":
            with pytest.raises(ValidationError, match=item.name):
                row_model(use_case).model_validate(use_case.example_rows[0] | {item.name: "new"})
        else:
            row = row_model(use_case).model_validate(use_case.example_rows[0] | {item.name: "new"})
            found = columns_of_rows(use_case, [row])
            assert found.unknown == {item.name: [0]}
            assert use_case.features.build(found.columns).shape[0] == 1


def test_model_learns_from_the_simulation_and_beats_every_baseline(name: str, simulated: Simulated) -> None:
    use_case = discovery.load(name)
    sample = to_sample(use_case, simulated(name)[1])
    parts = use_case.split.parts(sample.time, sample.target, {})
    fold = use_case.split.calibration_folds(sample.time, sample.target, {})[0]
    chosen, start = start_of(use_case)
    classes = len(use_case.task.classes) if isinstance(use_case.task, Classification) else None
    task = TaskShape(classes, use_case.features.names, use_case.features.categorical)
    rows = fold.train
    model = family(chosen).fit(
        sample.features[rows], sample.target[rows], task=task, params=start | {"n_estimators": 120}, seed=1
    )
    known = sample.take(fold.valid)
    metric = use_case.metrics[0]
    state = use_case.after_model.learn(
        known, model.predict(known.features), task=use_case.task, metric=metric
    )
    holdout = sample.take(parts.holdout)
    outcome = state.outcome(holdout, model.predict(holdout.features))
    baselines = answers(use_case.baselines, sample.take(parts.train), rows=holdout, task=use_case.task)
    error = _error(metric, holdout.target, outcome)
    assert len(baselines) == len(use_case.baselines)
    for baseline in baselines.values():
        assert error < 0.95 * _error(metric, holdout.target, baseline)
    covered = outcome.covers(holdout.target)
    assert covered is not None
    assert 0.85 < covered.mean() < 0.97


def _error(metric: Any, target: Any, outcome: Any) -> float:
    return float(metric.error(np.asarray(metric.of(target, outcome))))


def test_segments_are_parts_of_the_rows(name: str, simulated: Simulated) -> None:
    use_case = discovery.load(name)
    sample = to_sample(use_case, simulated(name)[1])
    found = masks(use_case.segments, sample)
    for segment in use_case.segments:
        assert 0 < found[segment.name].sum() < len(sample)


def test_shifts_change_a_copy_within_the_contract(name: str, simulated: Simulated) -> None:
    use_case = discovery.load(name)
    _, table, _ = simulated(name)
    before = table.copy(deep=True)
    assert use_case.monitoring.shifts
    for shift in use_case.monitoring.shifts:
        shifted = shift.apply(table, 7)
        pd.testing.assert_frame_equal(table, before)
        pd.testing.assert_frame_equal(shift.apply(table, 7), shifted)
        assert not checked(shifted, use_case, shift.name).equals(table)


def test_search_starts_inside_its_spaces(name: str) -> None:
    search = tomllib.loads(discovery.load(name).search.read_text())
    assert {*search["families"], *search["comparison"]["families"]} <= set(FAMILIES)
    for found in search["families"].values():
        assert found["start"].keys() == found["space"].keys()
        for parameter, value in found["start"].items():
            assert found["space"][parameter]["low"] <= value <= found["space"][parameter]["high"]
