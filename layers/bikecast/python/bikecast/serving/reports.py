"""The monitor's reports as the API shows them, read from the reports bucket."""

import datetime as dt
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bikecast.errors import NotFoundError, StoreError
from bikecast.names import DASHBOARD_SUMMARY_KEY
from bikecast.storage import MissingObjectError, ObjectStore

WINDOWS_PREFIX = "drift/"
WHOLE_REPORT = "report"
_KEY = re.compile(r"drift/[^/]+/(\d{4}-\d\d-\d\d)_(\d{4}-\d\d-\d\d)/([\w-]+)\.html")


class Page(StrEnum):
    """Pages by what they show."""

    MODEL = "model"
    TARGET = "target"
    DATA = "data"
    DATA_QUALITY = "data-quality"


@dataclass(frozen=True, order=True)
class _Report:
    end: dt.date
    days: int
    page: str
    key: str


def newest_page(store: ObjectStore, page: Page, *, window_days: int | None) -> str:
    """Return the key of the newest window's page.

    A window without a page of its own for this part is shown by its whole report.

    Raises:
        NotFoundError: There is none, or none of this length.
    """
    reports = [report for report in map(_parsed, store.keys(WINDOWS_PREFIX)) if report is not None]
    fitting = [
        report
        for report in reports
        if report.page in (page, WHOLE_REPORT) and window_days in (None, report.days)
    ]
    if not fitting:
        lengths = sorted({report.days for report in reports})
        raise NotFoundError(f"no such report; run the monitor, or ask for a window_size of {lengths} days")
    return max(fitting, key=lambda report: (report.end, report.page == page)).key


def _parsed(key: str) -> _Report | None:
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    start, end = dt.date.fromisoformat(found[1]), dt.date.fromisoformat(found[2])
    return _Report(end=end, days=(end - start).days, page=found[3], key=key)


def read_summary(store: ObjectStore) -> dict[str, Any]:
    """Return what the monitor last wrote for the dashboard.

    Raises:
        NotFoundError: The monitor has not run yet.
        StoreError: The object is no JSON object.
    """
    try:
        body = store.read(DASHBOARD_SUMMARY_KEY).body
    except MissingObjectError as err:
        raise NotFoundError("the monitor has not run yet; start it and try again") from err
    try:
        summary: dict[str, Any] = json.loads(body)
    except ValueError as err:
        raise StoreError(f"{store.uri(DASHBOARD_SUMMARY_KEY)} is no JSON") from err
    return summary
