"""The result of a run for the state machine: verdict, requested action, and events to publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bikecast.drift import Judgement, Kind, WindowVerdict
from bikecast.errors import InputError
from bikecast.monitoring.findings.incidents import EVENT_OF_KIND, Incident
from bikecast.monitoring.watch import Examined
from bikecast.names import Event

ROW_NAMES = (
    "use_case",
    "model_version",
    "source",
    "verdict",
    "severity",
    "reasons",
    "report_key",
    "wape",
    "bias",
    "interval_coverage",
    "n_rows",
    "missing_hours",
    "n_predictions",
)
RETRAIN = "retrain"
BRIEF_NAMES = (
    "window_start",
    "window_end",
    "verdict",
    "severity",
    "reasons",
    "metric",
    "metric_value",
    "wape",
    "bias",
    "report_key",
)
FEATURE_NAMES = ("feature", "kind", "method", "score", "threshold", "drifted")


@dataclass(frozen=True)
class Acted:
    """What a run did about its verdict: events to publish, and the input of a retraining to start.

    ``alarms`` counts the alarms of a window of the newest data, however long they have lasted; None for an
    older one.
    """

    alarms: int | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    retrain: dict[str, Any] | None = None


def verdict_json(row: Mapping[str, Any], examined: Examined, acted: Acted) -> dict[str, Any]:
    """Return a window's stored row as the state machine and the console read it."""
    return {
        "window_start": row["window_start"].isoformat(),
        "window_end": row["window_end"].isoformat(),
        **{name: row.get(name) for name in ROW_NAMES},
        "metric": examined.metric,
        "metric_value": examined.metric_value,
        "metrics": row["metrics"],
        "features": [{name: getattr(found, name) for name in FEATURE_NAMES} for found in examined.features],
        "model_age_days": row["model_age_days"],
        "data_age_days": row["data_age_days"],
        "action": action(examined.judgement),
        "alarms": acted.alarms,
        "retrain": acted.retrain,
        "events": acted.events,
    }


def answer(verdicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the function returns: the last window's verdict, the others in brief, all events.

    Raises:
        InputError: Not one whole window fits the asked time.
    """
    if not verdicts:
        raise InputError(
            "no whole window fits between `window_start` and `window_end`; where windows are of rows, fewer "
            "rows than one has were predicted so far"
        )
    last = verdicts[-1]
    events = [event for verdict in verdicts for event in verdict["events"]]
    retrain = next((v["retrain"] for v in verdicts if v["retrain"] is not None), None)
    briefs = [{name: verdict[name] for name in BRIEF_NAMES} for verdict in verdicts]
    for brief, verdict in zip(briefs, verdicts, strict=True):
        brief["prediction_drift"] = verdict["metrics"].get("prediction_drift")
        brief["drifted"] = [found["feature"] for found in verdict["features"] if found["drifted"]]
    return last | {"events": events, "retrain": retrain, "windows": briefs}


def action(judgement: Judgement) -> str:
    """Return what the rules ask for: ``pause``, ``retrain``, ``notify`` or ``none``.

    Retraining helps when the world moved; on broken data it would only spread the damage.
    """
    if judgement.verdict is WindowVerdict.SEVERE:
        return "pause"
    if not judgement.alarms:
        return "none"
    if Kind.PERFORMANCE in judgement.alarms and Kind.QUALITY not in judgement.alarms:
        return RETRAIN
    return "notify"


def incident_event(use_case: str, incident: Incident, version: str, *, report: str | None) -> dict[str, Any]:
    """Return the event of an incident that was opened; ``report`` is where the window's page is."""
    detail = {
        "use_case": use_case,
        "model_version": version,
        "incident_id": incident.id,
        "kind": str(incident.kind),
        "reason": incident.reason if report is None else f"{incident.reason}; report: {report}",
        "report": report,
    }
    return {"detail_type": str(EVENT_OF_KIND[incident.kind]), "detail": detail}


def pause_event(use_case: str, version: str, *, reason: str, incident_id: str | None) -> dict[str, Any]:
    """Return the event of a pause."""
    detail = {
        "use_case": use_case,
        "model_version": version,
        "incident_id": incident_id,
        "reason": reason,
    }
    return {"detail_type": str(Event.AUTOMATION_PAUSED), "detail": detail}
