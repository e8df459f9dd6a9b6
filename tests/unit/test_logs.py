"""The job's log: a line of JSON a record, libraries only when they warn, fields kept."""

import json
import subprocess
import sys
from typing import Any

import pytest

from training_job.runtime import logs

FACTS = {"step": "train", "execution": "train-1", "code_version": "0.1.0+abc"}


def written(code: str) -> list[dict[str, Any]]:
    """Run code in a process that logs as a step does, and return its lines."""
    script = (
        f"import logging, warnings\nfrom training_job.runtime import logs\nlogs.configure({FACTS})\n{code}"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_record_is_one_line_with_its_fields_and_where_it_belongs() -> None:
    [line] = written(
        "logging.getLogger('use_cases.toy.prepare').info('frozen', extra={'rows': 24, 'step': 'x'})"
    )
    assert (line["level"], line["message"], line["rows"]) == ("INFO", "frozen", 24)
    assert {name: line[name] for name in FACTS} == FACTS
    assert line["timestamp"].endswith("+00:00")


def test_a_trace_and_breaks_of_lines_stay_in_the_one_line() -> None:
    [line] = written(
        "try:\n    raise LookupError('no\\nsuch key')\n"
        "except LookupError:\n    logging.getLogger('training_job').exception('step failed')"
    )
    assert "LookupError: no\nsuch key" in line["exception"]


def test_libraries_are_heard_only_when_they_warn() -> None:
    lines = written(
        "logging.getLogger('botocore.configprovider').info('Found endpoint for s3')\n"
        "logging.getLogger('alembic.runtime.migration').info('Context impl PostgresqlImpl.')\n"
        "logging.getLogger('botocore').warning('connection pool is full')\n"
        "warnings.warn('typeguard is old')"
    )
    assert [line["logger"] for line in lines] == ["botocore", "py.warnings"]


@pytest.mark.parametrize(
    ("payload", "known"),
    [
        ({"execution": "train-1", "request": {"n_trials": 2}}, {"execution": "train-1"}),
        ({"use_case": "obesity"}, {"use_case": "obesity"}),
        ({"request": {"use_case": "obesity"}}, {"use_case": "obesity"}),
        ({}, {}),
    ],
)
def test_what_is_not_known_is_left_out(payload: dict[str, Any], known: dict[str, str]) -> None:
    found = logs.facts_of("tune", payload, code_version="1")
    assert found == known | {"step": "tune", "code_version": "1"}
