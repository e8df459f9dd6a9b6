"""Reports of a window in the reports bucket, under keys that a repeated run overwrites."""

from bikecast.monitoring.examine import Examined
from bikecast.monitoring.windows import Window
from bikecast.storage import ObjectStore

PREFIX = "drift/"
SNAPSHOTS = "snapshots/"


def report_prefix(version: str, window: Window) -> str:
    """Prefix of everything about one window."""
    return f"{PREFIX}{version}/{window.start:%Y-%m-%d}_{window.end:%Y-%m-%d}/"


def upload(store: ObjectStore, version: str, window: Window, examined: Examined, *, html: bool) -> str | None:
    """Write Evidently's page, its JSON and its snapshot; return the key to open, None without data."""
    if examined.report is None:
        return None
    prefix = report_prefix(version, window)
    store.write(f"{prefix}report.json", examined.report.json())
    store.write(f"{prefix}snapshot.json", examined.report.dump())
    if not html:
        return f"{prefix}report.json"
    store.write(f"{prefix}report.html", examined.report.html())
    return f"{prefix}report.html"
