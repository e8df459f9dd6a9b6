"""A use case at a glance: champion, its metric, last verdict, open incidents, automation."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bikecast.errors import NotFoundError
from bikecast.monitoring.stored_reports import read_summary
from bikecast.names import use_case_prefix
from bikecast.registry.automation import pause_reason
from bikecast.registry.champion_store import ChampionStore
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


def current_glance(use_case: str, serving: ObjectStore, reports: ObjectStore) -> dict[str, Any]:
    """Return a use case's glance with its champion and automation as they are now.

    Args:
        use_case: Its name.
        serving: The whole serving bucket.
        reports: The whole reports bucket.
    """
    own = ScopedStore(serving, use_case_prefix(use_case))
    current, reason = ChampionStore(own).look(), pause_reason(own)
    watched = next(glances(reports, [use_case]), NEVER_WATCHED)
    scores = {} if current.manifest is None else current.manifest.holdout.values
    metric = next(iter(scores), None)
    return {
        **watched,
        "champion": current.version,
        "simulated": None if current.manifest is None else current.manifest.simulated,
        "problem": current.problem,
        "metric": metric,
        "value": None if metric is None else scores[metric],
        "paused": reason is not None,
        "pause_reason": reason,
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
