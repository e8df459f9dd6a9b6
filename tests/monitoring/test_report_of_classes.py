"""Evidently draws classes by name, two as well as several."""

import datetime as dt

import numpy as np
import pytest

from bikecast.monitoring.reports.pages import theme_pages
from bikecast.monitoring.reports.report import Side, WatchedColumn, run_report
from bikecast.monitoring.reports.stored_reports import Page

TWO, THREE = ("other", "cash"), ("small", "medium", "large")


@pytest.mark.parametrize(
    ("classes", "seen", "positive"),
    [
        (TWO, TWO, "cash"),
        (TWO, TWO[:1], "cash"),
        (TWO, TWO[1:], "cash"),
        (THREE, THREE, None),
        (THREE, THREE[:2], None),
        (THREE, THREE[1:], None),
        (THREE, THREE[:1], None),
    ],
)
def test_page_of_classes_is_drawn_whichever_a_window_holds(
    classes: tuple[str, ...], seen: tuple[str, ...], positive: str | None
) -> None:
    generator = np.random.default_rng(1)

    def side(classes: tuple[str, ...]) -> Side:
        miles, names = generator.normal(size=200), np.asarray(classes, dtype=object)
        return Side({"miles": miles}, generator.choice(names, 200), generator.choice(names, 200))

    report = run_report(
        side(seen),
        side(classes),
        [WatchedColumn("miles", "wasserstein", categorical=False, limit=0.1)],
        errors="classification",
        outcomes=("prediction", "size"),
        labels={"model_version": "1"},
        timestamp=dt.datetime(2021, 1, 1),
        positive=positive,
    )
    assert report.has_errors
    assert b"miles" in report.html()
    assert Page.MODEL in dict(theme_pages(report, about="a window"))
