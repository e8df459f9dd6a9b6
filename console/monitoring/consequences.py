"""The monitor's actions after its verdicts, and why it took none."""

import datetime as dt
from typing import Any

from bikecast.drift import WindowVerdict
from bikecast.monitoring.windows import RECENT
from bikecast.names import Event


def consequences(verdicts: list[dict[str, Any]]) -> list[str]:
    """Say what the monitor did about its verdicts, with the commands that follow it and end it."""
    events = [event for verdict in verdicts for event in verdict.get("events") or []]
    said = [_event_sentence(event["detail_type"], event["detail"]) for event in events]
    started = [verdict["retraining"]["ExecutionArn"] for verdict in verdicts if verdict.get("retraining")]
    return said + [_training_sentence(arn.rsplit(":", 1)[-1]) for arn in started]


def _event_sentence(kind: str, detail: dict[str, Any]) -> str:
    if kind == Event.AUTOMATION_PAUSED:
        return f"paused promotion: {detail['reason']}; `bikecast resume --reason WHY` allows it again"
    incident = detail["incident_id"]
    return (
        f"opened incident {incident} ({detail['kind']}): {detail['reason']}; "
        f"`bikecast close {incident} --reason WHY` closes it"
    )


def _training_sentence(name: str) -> str:
    return (
        f"started training {name}: `bikecast runs {name} --follow` shows it, `bikecast stop {name}` ends it; "
        "with --no-act the monitor starts none"
    )


def why_silent(verdicts: list[dict[str, Any]], *, act: bool) -> str | None:
    """Say why windows that are not ok open no incident; ``None`` if there are none such."""
    ends = [dt.datetime.fromisoformat(verdict["window_end"]) for verdict in verdicts]
    bad = [end for end, verdict in zip(ends, verdicts, strict=True) if verdict["verdict"] != WindowVerdict.OK]
    if bad and not act:
        return "with --no-act no window opens an incident"
    if bad and min(bad) <= max(ends) - RECENT:
        return f"windows that end {RECENT.days} days or more before the newest data open no incidents"
    return None
