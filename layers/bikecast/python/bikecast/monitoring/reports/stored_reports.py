"""The monitor's reports as the API shows them, read from the reports bucket."""

import datetime as dt
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bikecast.errors import NotFoundError, StoreError
from bikecast.names import DASHBOARD_SUMMARY_KEY, WINDOWS_PREFIX
from bikecast.storage import MissingObjectError, ObjectStore

WHOLE_REPORT = "report"
# Pages of themes leave out Evidently's script, which is stored once a version of it.
_MARK = re.compile(rb"/\* evidently ([\w.+-]+) \*/")
_EDGE = r"\d{4}-\d\d-\d\d(?:T\d{6})?"
_KEY = re.compile(WINDOWS_PREFIX + rf"([^/]+)/({_EDGE})_({_EDGE})(?:_(\d+)rows)?/([\w-]+)\.html")


class Page(StrEnum):
    """Pages by what they show."""

    MODEL = "model"
    TARGET = "target"
    DATA = "data"
    DATA_QUALITY = "data-quality"


@dataclass(frozen=True)
class _Report:
    start: dt.datetime
    end: dt.datetime
    n_rows: int | None
    version: str
    page: str
    key: str

    @property
    def size(self) -> int:
        """Rows of a window of rows, days of one of days."""
        return self.n_rows or (self.end - self.start).days

    def rank(self, page: str) -> tuple[object, ...]:
        """Order reports: the newest window, of it the newest version's, its own page before the whole one."""
        return self.end, len(self.version), self.version, self.page == page


def library_key(version: str) -> str:
    """Key of the script that pages of one version of Evidently have in common."""
    return f"{WINDOWS_PREFIX}evidently-{version}.js"


def library_mark(version: str) -> bytes:
    """Return what stands in a page where the script belongs."""
    return f"/* evidently {version} */".encode()


def find_page(
    store: ObjectStore, page: Page, *, window_size: int | None = None, start: dt.date | None = None
) -> str:
    """Return the key of the newest fitting window's page.

    A window without a page of its own for this part is shown by its whole report. Windows of a retired
    champion are not shown.

    Args:
        store: The reports bucket.
        page: What to show.
        window_size: Only windows of so many days, or rows where rows have no time.
        start: Only windows that begin on this day.
    Raises:
        NotFoundError: There is none.
    """
    versions = _served_versions(store)
    reports = [
        report
        for report in map(_parsed, store.keys(WINDOWS_PREFIX))
        if report is not None and (versions is None or report.version in versions)
    ]
    fitting = [
        report
        for report in reports
        if report.page in (page, WHOLE_REPORT)
        and window_size in (None, report.size)
        and start in (None, report.start.date())
    ]
    if not fitting:
        sizes = sorted({report.size for report in reports})
        raise NotFoundError(f"no such report; run the monitor, or ask for a window_size of {sizes}")
    return max(fitting, key=lambda report: report.rank(page)).key


def _served_versions(store: ObjectStore) -> list[str] | None:
    """Return the versions that the last summary names; None where there is none, or older code wrote it."""
    try:
        return read_summary(store).get("versions")
    except NotFoundError:
        return None


def read_page(store: ObjectStore, key: str) -> bytes:
    """Return a page that needs nothing else: with the script that it left out."""
    page = store.read(key).body
    mark = _MARK.search(page)
    if mark is None:
        return page
    script = store.read(library_key(mark[1].decode())).body
    return page[: mark.start()] + script + page[mark.end() :]


def results_key(page_key: str) -> str:
    """Key of Evidently's results as JSON, of which a page is a view."""
    return f"{page_key.rpartition('/')[0]}/{WHOLE_REPORT}.json"


def whole_key(page_key: str) -> str:
    """Key of the page of everything, which stands alone, beside a page."""
    return f"{page_key.rpartition('/')[0]}/{WHOLE_REPORT}.html"


def _parsed(key: str) -> _Report | None:
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    return _Report(
        start=dt.datetime.fromisoformat(found[2]),
        end=dt.datetime.fromisoformat(found[3]),
        n_rows=None if found[4] is None else int(found[4]),
        version=found[1],
        page=found[5],
        key=key,
    )


def read_summary(store: ObjectStore) -> dict[str, Any]:
    """Return what the monitor last wrote for the dashboard.

    Raises:
        NotFoundError: The monitor has not run yet.
        StoreError: The object is not a JSON object.
    """
    try:
        body = store.read(DASHBOARD_SUMMARY_KEY).body
    except MissingObjectError as err:
        raise NotFoundError("the monitor has not run yet; start it and try again") from err
    try:
        summary: dict[str, Any] = json.loads(body)
    except ValueError as err:
        raise StoreError(f"{store.uri(DASHBOARD_SUMMARY_KEY)} is not valid JSON") from err
    return summary
