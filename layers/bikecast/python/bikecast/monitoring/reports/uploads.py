"""Reports of a window in the reports bucket, under keys that a repeated run overwrites."""

from bikecast.errors import ConflictError
from bikecast.monitoring.reports.pages import library, theme_pages
from bikecast.monitoring.reports.stored_reports import library_key
from bikecast.monitoring.watch import Examined
from bikecast.monitoring.windows import Window
from bikecast.names import WINDOWS_PREFIX
from bikecast.storage import ObjectStore

PAGE_NAME, JSON_NAME, SNAPSHOT_NAME = "report.html", "report.json", "snapshot.json"


def report_prefix(version: str, window: Window) -> str:
    """Prefix of everything about one window."""
    return f"{WINDOWS_PREFIX}{version}/{window.label}/"


def upload(store: ObjectStore, version: str, window: Window, examined: Examined) -> str | None:
    """Write Evidently's pages, its JSON and its snapshot; return the whole page's key, None without one."""
    if examined.report is None:
        return None
    prefix = report_prefix(version, window)
    _share_library(store)
    store.write(f"{prefix}{JSON_NAME}", examined.report.json())
    store.write(f"{prefix}{SNAPSHOT_NAME}", examined.report.dump())
    about = f"{window.title}, model version {version}, {examined.judgement.verdict}"
    for theme, page in theme_pages(examined.report, about=about):
        store.write(f"{prefix}{theme}.html", page)
    store.write(f"{prefix}{PAGE_NAME}", examined.report.html())
    return f"{prefix}{PAGE_NAME}"


def _share_library(store: ObjectStore) -> None:
    """Put the script of the pages where the API finds it, once a version of Evidently."""
    version, script = library()
    key = library_key(version)
    if key in store.keys(key):
        return
    try:
        store.write(key, script, if_absent=True)
    except ConflictError:
        return  # another run was first, with the same script
