"""Evidently draws classes by name, two as well as several."""

import datetime as dt

import numpy as np
import pytest

from bikecast.monitoring.report import Side, WatchedColumn, run_report


@pytest.mark.parametrize(
    ("classes", "positive"), [(("other", "cash"), "cash"), (("small", "medium", "large"), None)]
)
def test_page_of_classes_is_drawn(classes: tuple[str, ...], positive: str | None) -> None:
    generator = np.random.default_rng(1)
    names = np.asarray(classes, dtype=object)

    def side() -> Side:
        miles = generator.normal(size=200)
        return Side({"miles": miles}, generator.choice(names, 200), generator.choice(names, 200))

    report = run_report(
        side(),
        side(),
        [WatchedColumn("miles", "wasserstein", categorical=False, limit=0.1)],
        errors="classification",
        outcomes=("prediction", "size"),
        labels={"model_version": "1"},
        timestamp=dt.datetime(2021, 1, 1),
        positive=positive,
    )
    assert report.has_errors
    assert b"miles" in report.html()
