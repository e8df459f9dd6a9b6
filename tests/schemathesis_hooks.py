"""The two laws of our bodies that JSON Schema cannot state: about temperatures and about dates.

Schemathesis makes bodies from the published schema; ``schemathesis.toml`` has it load this file.
"""

import datetime as dt
from typing import Any

import schemathesis

LEGAL = {"TMIN": (-50.0, 110.0), "TMAX": (-40.0, 130.0)}
START, END = "start_train_date", "end_train_date"
DEFAULT_START = dt.date(2024, 1, 1)


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """Make days no colder at their warmest, and training windows end after they start."""
    if not isinstance(body, dict):
        return body
    rows = body.get("input_data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and all(_is_legal(row.get(name), name) for name in LEGAL):
            row["TMAX"] = max(row["TMIN"], row["TMAX"])
    start, end = _date(body.get(START, str(DEFAULT_START))), _date(body.get(END))
    return {k: v for k, v in body.items() if k != END} if start and end and end <= start else body


def _is_legal(value: Any, name: str) -> bool:
    low, high = LEGAL[name]
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _date(value: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
