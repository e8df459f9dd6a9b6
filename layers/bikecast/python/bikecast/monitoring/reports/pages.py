"""Evidently's pages of one window: one for each theme and one of everything, from a single computation.

Evidently writes its library of three and a half megabytes into every page. Pages of themes are stored without
it, the library once beside them; the API puts the two together, and the page of everything stands alone.
"""

from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from bikecast.monitoring.reports.report import ERROR_METRICS, WindowReport
from bikecast.monitoring.reports.stored_reports import Page, library_mark

DRIFT = "ValueDrift"
# Evidently's metrics by the page that shows them; drift goes by its column.
THEMES = {name: Page.MODEL for names in ERROR_METRICS.values() for name in names} | {
    "RowCount": Page.DATA_QUALITY,
    "MissingValueCount": Page.DATA_QUALITY,
}
TITLES = {
    Page.MODEL: "Model performance",
    Page.TARGET: "Drift of target and predictions",
    Page.DATA: "Drift of features",
    Page.DATA_QUALITY: "Data quality",
}


def theme_pages(report: WindowReport, *, about: str) -> Iterator[tuple[Page, bytes]]:
    """Yield the page of each theme that the window has metrics for, without the library.

    Args:
        report: Of one window.
        about: Which window it is, for the pages' headings.
    """
    snapshot = report.snapshot
    metrics = snapshot.dict()["metrics"]
    themes = {metric["id"]: _theme_of(metric["config"], report.outcomes) for metric in metrics}
    for page in Page:
        results = [found for id_, found in snapshot.metric_results.items() if themes.get(id_) is page]
        if results:
            widgets = [widget for result in results for widget in result.get_widgets()]
            yield page, _page(f"{TITLES[page]}: {about}", widgets)


def _theme_of(metric: dict[str, Any], outcomes: Collection[str]) -> Page:
    name = metric["type"].rsplit(":", 1)[1]
    if name != DRIFT:
        return THEMES[name]
    return Page.TARGET if metric["column"] in outcomes else Page.DATA


def _page(title: str, widgets: list[Any]) -> bytes:
    from evidently.core.metric_types import render_widgets
    from evidently.legacy.renderers.html_widgets import group_widget

    version, script = library()
    whole: str = render_widgets([group_widget(title=title, widgets=widgets)])
    page = whole.encode()
    if script not in page:
        raise RuntimeError(f"Evidently {version} writes its library otherwise into its pages")
    return page.replace(script, library_mark(version))


@cache
def library() -> tuple[str, bytes]:
    """Return Evidently's version and the script that its pages have in common."""
    import evidently
    from evidently.legacy.utils.dashboard import STATIC_PATH

    return evidently.__version__, Path(STATIC_PATH, "index.js").read_bytes()
