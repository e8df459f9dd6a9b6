"""An alarm looks at its own metric, by the clock, and knows what missing data means.

AWS: an alarm watches the metric with exactly its dimensions, is evaluated every period whether data
comes or not, wants M of N periods to breach and treats missing periods as it was told.
MiniStack: it ignores dimensions, missing data and M of N, and evaluates only when somebody puts data,
so that a Lambda error alone never raises an alarm and nothing ever clears one.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

import logging
import operator
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from local_cloud.fidelity.anchors import require

EVALUATE_EVERY_S = 5.0
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_logger = logging.getLogger("fidelity.alarms")


def apply() -> None:
    """Evaluate by AWS's rules, and regularly."""
    require(cloudwatch._evaluate_alarm, 'alarm["StateValue"] = new_state', "_dispatch_alarm_actions(alarm, ")
    require(app._handle_lifespan, "_load_persisted_state()")
    cloudwatch._evaluate_alarm = evaluate
    load = app._load_persisted_state

    def load_then_evaluate() -> None:
        load()
        threading.Thread(target=_keep_evaluating, daemon=True, name="alarms").start()

    app._load_persisted_state = load_then_evaluate


def evaluate(alarm: dict[str, Any]) -> None:
    """Bring one metric alarm's state up to date and run its actions if it has changed."""
    if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in _OPERATORS:
        return
    old, new = alarm["StateValue"], _state(alarm, _periods(alarm, now=time.time()))
    if old == new:
        return
    reason = f"Threshold Crossed: {alarm['ComparisonOperator']} {alarm.get('Threshold', 0)} is now {new}"
    alarm.update(StateValue=new, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _state(alarm: dict[str, Any], periods: list[bool | None]) -> str:
    """Return the state that breaching (True), fine (False) and missing (None) periods make."""
    treatment = alarm.get("TreatMissingData") or "missing"
    known = [period for period in periods if period is not None]
    if not known and treatment in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if treatment == "missing" else str(alarm["StateValue"])
    missing = (len(periods) - len(known)) if treatment == "breaching" else 0
    needed = alarm.get("DatapointsToAlarm") or len(periods)
    return "ALARM" if sum(known) + missing >= needed else "OK"


def _periods(alarm: dict[str, Any], *, now: float) -> list[bool | None]:
    """Judge each of the alarm's periods, the latest first."""
    wanted = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
    points = [
        point
        for (namespace, name, _), values in list(cloudwatch._metrics.items())
        if (namespace, name) == (alarm["Namespace"], alarm["MetricName"])
        for point in list(values)
        if (point.get("Dimensions") or {}) == wanted
    ]
    length = alarm.get("Period", 60)
    ends = [now - index * length for index in range(alarm.get("EvaluationPeriods", 1))]
    return [_breaches(alarm, [p for p in points if end - length < p["Timestamp"] <= end]) for end in ends]


def _breaches(alarm: dict[str, Any], points: list[dict[str, Any]]) -> bool | None:
    if not points:
        return None
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic", "Average")
    value = cloudwatch._stat_value(cloudwatch._calc_stats(points), statistic, points)
    return _OPERATORS[alarm["ComparisonOperator"]](value, float(alarm.get("Threshold", 0)))


def _keep_evaluating() -> None:
    while True:
        time.sleep(EVALUATE_EVERY_S)
        for account, region in {key[:2] for key in list(cloudwatch._alarms._data)}:
            _evaluate_all(account, region)


def _evaluate_all(account: str, region: str) -> None:
    with request_scope(account, region):
        for alarm in list(cloudwatch._alarms.values()):
            try:
                evaluate(alarm)
            except (KeyError, TypeError, ValueError):
                _logger.exception("alarm %s cannot be evaluated", alarm.get("AlarmName"))
