"""Evidently's numbers are ours: the 27 columns by numpy and by Evidently agree, on bad windows too."""

from collections.abc import Callable

import numpy as np
import pytest

from use_cases.citibike.monitoring.hours import ScoredHours
from use_cases.citibike.monitoring.measures.columns import EXTRA_COLUMNS, METRIC_COLUMNS
from use_cases.citibike.monitoring.measures.evidently_report import run_report
from use_cases.citibike.monitoring.measures.numbers import column_drifts, metric_values
from use_cases.citibike.monitoring.reference import Reference, season_reference
from use_cases.citibike.monitoring.sources import Champion

START, END = np.datetime64("2024-03-04", "s"), np.datetime64("2024-03-11", "s")


def _with(hours: ScoredHours, name: str, change: Callable[[np.ndarray], np.ndarray]) -> ScoredHours:
    return ScoredHours(hours.timestamp, {**hours.columns, name: change(hours[name].copy())})


def _holes(values: np.ndarray) -> np.ndarray:
    values[5:9] = np.nan
    return values


WINDOWS: dict[str, Callable[[ScoredHours], ScoredHours]] = {
    "a plain week": lambda hours: hours,
    "holes in a feature": lambda hours: _with(hours, "TMIN", _holes),
    "an all-null feature": lambda hours: _with(hours, "PRCP", lambda values: values * np.nan),
    "hours without demand": lambda hours: _with(hours, "trips", _holes),
    "no demand at all": lambda hours: _with(hours, "trips", lambda values: values * np.nan),
    "one row": lambda hours: hours.take(np.arange(len(hours)) == 3),
}


def _close(left: float | None, right: float | None) -> bool:
    if left is None or right is None:
        return left is right
    return left == pytest.approx(right, rel=1e-9)


@pytest.fixture(scope="module")
def reference(champion: Champion) -> Reference:
    return season_reference(champion.history, start=START, end=END)


@pytest.mark.parametrize("name", WINDOWS)
def test_evidently_and_numpy_agree(name: str, champion: Champion, reference: Reference) -> None:
    window = WINDOWS[name](champion.history.between(START, END))
    drifts = column_drifts(window, reference, champion.thresholds)
    ours = metric_values(window, reference, drifts)
    theirs = run_report(window, reference, champion.thresholds, labels={"model_version": "1"})
    assert set(ours) == {*METRIC_COLUMNS, *EXTRA_COLUMNS}
    differing = {name for name in ours if not _close(theirs.metrics[name], ours[name])}
    assert not differing
    for mine, evidentlys in zip(drifts, theirs.features, strict=True):
        assert _close(evidentlys.score, mine.score)
        assert (evidentlys.feature, evidentlys.drifted) == (mine.feature, mine.drifted)


def test_an_all_null_feature_is_told_by_its_missing_share(champion: Champion, reference: Reference) -> None:
    window = WINDOWS["an all-null feature"](champion.history.between(START, END))
    rain = next(f for f in column_drifts(window, reference, champion.thresholds) if f.feature == "PRCP")
    assert (rain.score, rain.drifted, rain.missing_share) == (None, False, 1.0)


def test_errors_are_compared_with_out_of_sample_hours_only(champion: Champion) -> None:
    history = champion.history
    seen = (history.timestamp >= np.datetime64("2024-06-01")).astype(float)
    marked = ScoredHours(history.timestamp, {**history.columns, "out_of_sample": seen})
    reference = season_reference(marked, start=START, end=END)
    assert reference.out_of_sample.timestamp.min() >= np.datetime64("2024-06-01")
    assert reference.season.timestamp.min() < np.datetime64("2024-03-01")
