"""A use case at a glance: champion, its metric, last verdict, open incidents, automation."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bikecast.errors import NotFoundError
from bikecast.monitoring.reports.stored_reports import read_summary
from bikecast.names import use_case_prefix
from bikecast.storage import ObjectStore, ScopedStore

NO_DATA = "no_data"
NEVER_WATCHED: Mapping[str, Any] = {
    "champion": None,
    "simulated": None,
    "problem": None,
    "metric": None,
    "value": None,
    "verdict": None,
    "watched_until": None,
    "open_incidents": 0,
    "paused": False,
    "pause_reason": None,
}


def glance_of(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the few values of a use case that stand beside those of others."""
    champion, metric = summary.get("champion") or {}, summary.get("metric")
    windows = summary["windows"]
    last = next((w for w in windows if w["verdict"] != NO_DATA), windows[0] if windows else {})
    automation = summary["automation"]
    return {
        "champion": champion.get("version"),
        "simulated": champion.get("simulated"),
        "problem": summary.get("champion_problem"),
        "metric": metric,
        "value": champion.get("holdout", {}).get("values", {}).get(metric),
        "verdict": last.get("verdict"),
        "watched_until": last.get("window_end"),
        "open_incidents": sum(incident["status"] == "open" for incident in summary["incidents"]),
        "paused": automation["paused"],
        "pause_reason": automation["reason"] if automation["paused"] else None,
    }


def glances(reports: ObjectStore, use_cases: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield each use case's glance as its monitor last wrote it; one that was never trained has none.

    Args:
        reports: The whole reports bucket.
        use_cases: Names.
    """
    for name in use_cases:
        try:
            summary = read_summary(ScopedStore(reports, use_case_prefix(name)))
        except NotFoundError:
            continue
        yield {"use_case": name, **glance_of(summary)}
