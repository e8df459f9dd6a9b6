"""What a verdict asks for, and how it is told to the state machine."""

import datetime as dt
from typing import Any

import pytest

from bikecast.drift import Judgement, Kind, WindowVerdict
from bikecast.errors import InputError
from bikecast.monitoring.findings.incidents import Incident
from bikecast.monitoring.findings.verdicts import (
    Acted,
    action,
    answer,
    incident_event,
    pause_event,
    verdict_json,
)
from bikecast.monitoring.watch import ColumnDrift, Examined

DAY = dt.datetime(2025, 3, 10)
FEATURE = ColumnDrift(
    feature="TMAX",
    kind=Kind.DRIFT,
    method="wasserstein",
    score=2.0,
    threshold=1.0,
    drifted=True,
    current_mean=60.0,
    reference_mean=40.0,
    missing_share=0.0,
)
ROW: dict[str, Any] = {
    "use_case": "citibike",
    "model_version": "3",
    "source": "processed",
    "verdict": "watch",
    "severity": 1.5,
    "reasons": ["warm"],
    "report_key": "drift/3/report.html",
    "wape": 0.2,
    "bias": 0.1,
    "interval_coverage": 0.9,
    "n_rows": 168,
    "missing_hours": 1,
    "n_predictions": 7,
    "model_age_days": 4.5,
    "data_age_days": 2.5,
    "metrics": {"rmse_score_current": 12.0, "prediction_drift": 0.3},
}


def _judgement(verdict: WindowVerdict = WindowVerdict.WATCH, *alarms: Kind) -> Judgement:
    return Judgement(verdict, 1.5, ("warm",), alarms=dict.fromkeys(alarms, ("why",)))


def _told(day: int, *, acted: Acted) -> dict[str, Any]:
    start = DAY + dt.timedelta(days=day)
    row = ROW | {"window_start": start, "window_end": start + dt.timedelta(days=7)}
    return verdict_json(
        row, Examined(_judgement(), {}, features=(FEATURE,), metric="rmse", metric_value=12.0), acted
    )


@pytest.mark.parametrize(
    ("judgement", "wanted"),
    [
        (_judgement(WindowVerdict.SEVERE, Kind.QUALITY), "pause"),
        (_judgement(WindowVerdict.SEVERE), "pause"),
        (_judgement(WindowVerdict.WATCH), "none"),
        (_judgement(WindowVerdict.DEGRADED, Kind.PERFORMANCE), "retrain"),
        (_judgement(WindowVerdict.DEGRADED, Kind.PERFORMANCE, Kind.DRIFT), "retrain"),
        (_judgement(WindowVerdict.DEGRADED, Kind.PERFORMANCE, Kind.QUALITY), "notify"),
        (_judgement(WindowVerdict.DEGRADED, Kind.DRIFT), "notify"),
    ],
)
def test_the_world_that_moved_asks_for_a_retraining_and_broken_data_never(
    judgement: Judgement, wanted: str
) -> None:
    assert action(judgement) == wanted


def test_a_verdict_is_told_with_everything_that_it_rests_on() -> None:
    told = _told(0, acted=Acted(2, [{"detail_type": "DriftDetected"}], {"n_trials": 5}))
    rest = {name: value for name, value in ROW.items() if name in told}
    assert rest == ROW
    assert {name: told[name] for name in told.keys() - ROW.keys()} == {
        "window_start": "2025-03-10T00:00:00",
        "window_end": "2025-03-17T00:00:00",
        "features": [
            {
                "feature": "TMAX",
                "kind": Kind.DRIFT,
                "method": "wasserstein",
                "score": 2.0,
                "threshold": 1.0,
                "drifted": True,
            }
        ],
        "metric": "rmse",
        "metric_value": 12.0,
        "action": "none",
        "alarms": 2,
        "retrain": {"n_trials": 5},
        "events": [{"detail_type": "DriftDetected"}],
    }


def test_several_windows_are_answered_by_the_last_with_all_events_and_the_first_retraining() -> None:
    verdicts = [
        _told(0, acted=Acted(1, [{"detail_type": "a"}])),
        _told(7, acted=Acted(1, [{"detail_type": "b"}], {"n_trials": 1})),
        _told(14, acted=Acted(1, [], {"n_trials": 2})),
    ]
    told = answer(verdicts)
    assert told["window_start"] == "2025-03-24T00:00:00"
    assert told["events"] == [{"detail_type": "a"}, {"detail_type": "b"}]
    assert told["retrain"] == {"n_trials": 1}
    assert told["windows"][0] == {
        "window_start": "2025-03-10T00:00:00",
        "window_end": "2025-03-17T00:00:00",
        "verdict": "watch",
        "severity": 1.5,
        "reasons": ["warm"],
        "wape": 0.2,
        "bias": 0.1,
        "report_key": "drift/3/report.html",
        "metric": "rmse",
        "metric_value": 12.0,
        "prediction_drift": 0.3,
        "drifted": ["TMAX"],
    }
    assert [window["window_start"][:10] for window in told["windows"]] == [
        "2025-03-10",
        "2025-03-17",
        "2025-03-24",
    ]


def test_windows_that_ask_for_nothing_start_no_retraining() -> None:
    told = answer([_told(0, acted=Acted(0)), _told(7, acted=Acted(0))])
    assert (told["retrain"], told["events"]) == (None, [])


def test_no_window_at_all_is_an_error() -> None:
    with pytest.raises(
        InputError, match=r"^no whole window fits between .* fewer rows than one has were predicted so far$"
    ):
        answer([])


def test_events_name_use_case_version_incident_and_reason() -> None:
    incident = Incident(id="i-1", kind=Kind.DRIFT, reason="warm")
    told = incident_event("citibike", incident, "3", report="s3://reports/page")
    assert told == {
        "detail_type": "DriftDetected",
        "detail": {
            "use_case": "citibike",
            "model_version": "3",
            "incident_id": "i-1",
            "kind": "drift",
            "reason": "warm; report: s3://reports/page",
            "report": "s3://reports/page",
        },
    }
    assert incident_event("citibike", incident, "3", report=None)["detail"]["reason"] == "warm"
    assert pause_event("citibike", "3", reason="error", incident_id="i-2") == {
        "detail_type": "AutomationPaused",
        "detail": {
            "use_case": "citibike",
            "model_version": "3",
            "incident_id": "i-2",
            "reason": "error",
        },
    }
