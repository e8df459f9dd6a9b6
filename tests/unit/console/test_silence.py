"""What the monitor did is said, and so is why it did nothing about windows that are not ok."""

import datetime as dt
from typing import get_args

import pytest

from bikecast.drift import Kind
from bikecast.monitoring.findings.incidents import Incident
from bikecast.monitoring.findings.verdicts import incident_event, pause_event
from bikecast.monitoring.windows import Source
from console.monitoring.consequences import consequences, why_silent
from console.monitoring.drift_commands import SourceName


def verdicts(*words: str) -> list[dict[str, str]]:
    """Return a verdict a week."""
    end = dt.datetime(2025, 3, 31)
    ends = [end - dt.timedelta(weeks=weeks) for weeks in reversed(range(len(words)))]
    return [{"window_end": end.isoformat(), "verdict": word} for end, word in zip(ends, words, strict=True)]


@pytest.mark.parametrize(
    ("words", "act", "said"),
    [
        (("degraded", "ok", "ok"), True, "14 days or more before the newest data open no incidents"),
        (("ok", "degraded", "degraded"), True, None),
        (("ok", "degraded"), False, "--no-act"),
        (("ok", "ok", "ok"), False, None),
    ],
)
def test_old_windows_and_those_without_consequences_say_so(
    words: tuple[str, ...], act: bool, said: str | None
) -> None:
    found = why_silent(verdicts(*words), act=act)
    assert found is None if said is None else said in str(found)


def test_what_was_opened_paused_and_started_is_said_with_the_ways_out() -> None:
    incident = Incident("0f3c", Kind.PERFORMANCE, "errors doubled")
    verdict = {
        "events": [
            incident_event("citibike", incident, "1", report=None),
            pause_event("citibike", "1", reason="errors doubled", incident_id="0f3c"),
        ],
        "retraining": {"ExecutionArn": "arn:aws:states:us-east-1:0:execution:retrain:7a1b"},
    }
    opened, paused, started = consequences([{"verdict": "ok"}, verdict])
    assert opened.startswith("opened incident 0f3c (performance): errors doubled")
    assert "bikecast close 0f3c --reason" in opened
    assert paused.startswith("paused promotion: errors doubled")
    assert "bikecast resume --reason" in paused
    for part in ("started training 7a1b", "bikecast runs 7a1b --follow", "bikecast stop 7a1b", "--no-act"):
        assert part in started


def test_sources_are_spelled_as_the_monitor_spells_them() -> None:
    assert get_args(SourceName) == tuple(Source)
