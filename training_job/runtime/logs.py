"""The job's log: one JSON line a record, with the execution, the step and the code it belongs to."""

import datetime as dt
import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

OURS = ("training_job", "bikecast", "use_cases")
# What every record has; anything else on it was given as ``extra``.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON.

    Args:
        facts: Fields that every line has.
    """

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__()
        self._facts = dict(facts)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; fields given as ``extra`` stand beside the message."""
        line: dict[str, Any] = {
            "timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._facts,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD | set(line)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(facts: Mapping[str, str]) -> None:
    """Write our own records from INFO on, and those of libraries from WARNING on, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(facts))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)


def facts_of(step: str, payload: Mapping[str, Any], *, code_version: str) -> dict[str, str]:
    """Return what every line of one step says of where it belongs; steps of a person have no execution."""
    request = payload.get("request")
    named = payload.get("use_case") or (request.get("use_case") if isinstance(request, Mapping) else None)
    found = {"use_case": named, "execution": payload.get("execution")}
    known = {name: str(value) for name, value in found.items() if value is not None}
    return known | {"step": step, "code_version": code_version}
