"""Reports of a window in the reports bucket, under keys that a repeated run overwrites."""

from bikecast.monitoring.examine import Examined
from bikecast.monitoring.windows import Window
from bikecast.storage import ObjectStore

PREFIX = "drift/"
PAGE_NAME, JSON_NAME, SNAPSHOT_NAME = "report.html", "report.json", "snapshot.json"


def report_prefix(version: str, window: Window) -> str:
    """Prefix of everything about one window."""
    return f"{PREFIX}{version}/{window.start:%Y-%m-%d}_{window.end:%Y-%m-%d}/"


def upload(store: ObjectStore, version: str, window: Window, examined: Examined) -> str | None:
    """Write Evidently's page, its JSON and its snapshot; return the page's key, None where there is none."""
    if examined.report is None:
        return None
    prefix = report_prefix(version, window)
    store.write(f"{prefix}{JSON_NAME}", examined.report.json())
    store.write(f"{prefix}{SNAPSHOT_NAME}", examined.report.dump())
    store.write(f"{prefix}{PAGE_NAME}", examined.report.html())
    return f"{prefix}{PAGE_NAME}"
