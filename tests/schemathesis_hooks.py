"""The laws of our bodies that JSON Schema cannot state: temperatures, windows, rides, one hour in spring.

Schemathesis makes bodies from the published schema; ``schemathesis.toml`` has it load this file.
"""

import datetime as dt
from typing import Any

import schemathesis
from jsonschema import Draft202012Validator

from use_cases.citibike.api.hours import parse_hour
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.green_taxi.inputs import DROPOFF, PICKUP

LEGAL = {"TMIN": (-50.0, 110.0), "TMAX": (-40.0, 130.0)}
START, END = "start_train_date", "end_train_date"
DEFAULT_START = dt.date(2024, 1, 1)
_HOURS = Draft202012Validator(HoursAhead.model_json_schema())


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: "schemathesis.Case[Any]", kwargs: dict[str, Any]
) -> None:
    """Make every body lawful, in all phases; values that are illegal by the schema stay so."""
    case.body = lawful(case.body)


def lawful(body: Any) -> Any:
    """Make days no colder at their warmest, hours exist, rides and training windows end after they start."""
    if not isinstance(body, dict):
        return body
    # Whole days of hours without a gap are beyond any generator: tests of their own make them.
    if _HOURS.is_valid(body.get("hourly")):
        body = {k: v for k, v in body.items() if k != "hourly"}
    rows = body.get("input_data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            _obey(row)
    start, end = _date(body.get(START, str(DEFAULT_START))), _date(body.get(END))
    return {k: v for k, v in body.items() if k != END} if start and end and end <= start else body


def _obey(row: dict[str, Any]) -> None:
    _end_after_start(row)
    if all(_is_legal(row.get(name), name) for name in LEGAL):
        row["TMAX"] = max(row["TMIN"], row["TMAX"])
    try:
        parse_hour(row.get("date", "2025-01-02"))
    except (TypeError, ValueError) as err:
        if "does not exist" in str(err):
            row["date"] = row["date"][: len("2025-03-09")]


def _end_after_start(row: dict[str, Any]) -> None:
    """Let a ride whose times are both legal last two minutes, if it would end before it begins."""
    try:
        start, end = (dt.datetime.fromisoformat(row[name]) for name in (PICKUP, DROPOFF))
    except (KeyError, TypeError, ValueError):
        return
    if end <= start:
        row[DROPOFF] = f"{start + dt.timedelta(minutes=2):%Y-%m-%d %H:%M:%S}"


def _is_legal(value: Any, name: str) -> bool:
    low, high = LEGAL[name]
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
