"""The newest hours as the dashboard draws them: actual and predicted values with their interval."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from bikecast.monitoring.scored import DAY, HIGH, LOW, PREDICTION, ScoredRows
from bikecast.names import DASHBOARD_RECENT_KEY
from bikecast.storage import MissingObjectError, ObjectStore

DAYS = 14
_DECIMALS = 1

Recent = dict[str, Any]


def keep_recent(store: ObjectStore, version: str, rows: ScoredRows) -> None:
    """Put a window's rows beside those that are kept of the same version, and forget what is older.

    Args:
        store: The reports bucket.
        version: Of the model that predicted them.
        rows: In wall time; of a time that repeats, the last row counts.
    """
    known = read_recent(store, version)
    points = {} if known is None else dict(_points(known))
    points |= dict(_points(_columns(rows)))
    newest = np.datetime64(max(points, default="1970-01-01"))
    kept = sorted(time for time in points if np.datetime64(time) > newest - DAYS * DAY)
    columns = {name: [points[time][name] for time in kept] for name in _names(rows)}
    store.write(DASHBOARD_RECENT_KEY, json.dumps({"version": version, "time": kept, **columns}).encode())


def read_recent(store: ObjectStore, version: str) -> Recent | None:
    """Return what is kept of a version; None where nothing is."""
    try:
        found: Recent = json.loads(store.read(DASHBOARD_RECENT_KEY).body)
    except MissingObjectError:
        return None
    return found if found["version"] == version else None


def _names(rows: ScoredRows) -> dict[str, str]:
    return {"actual": rows.target, "predicted": PREDICTION, "low": LOW, "high": HIGH}


def _columns(rows: ScoredRows) -> Recent:
    times = np.datetime_as_string(rows.timestamp, unit="m").tolist()
    columns = {name: rows[column].round(_DECIMALS).tolist() for name, column in _names(rows).items()}
    return {"time": times, **columns}


def _points(recent: Mapping[str, Any]) -> list[tuple[str, dict[str, float | None]]]:
    names = ("actual", "predicted", "low", "high")
    values = zip(*(recent[name] for name in names), strict=True)
    rows = ({name: _known(value) for name, value in zip(names, row, strict=True)} for row in values)
    return list(zip(recent["time"], rows, strict=True))


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value
