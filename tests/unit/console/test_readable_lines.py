"""Records of JSON are shown as sentences with their fields; anything else as it is."""

import json

import pytest

from console.cloud.logs import readable


def test_a_record_is_a_sentence_with_its_own_fields() -> None:
    record = {
        "timestamp": "2025",
        "level": "INFO",
        "logger": "x",
        "message": "training set frozen",
        "rows": 24,
    }
    assert readable(json.dumps(record)) == "INFO training set frozen rows=24"


def test_a_trace_stands_below_its_record() -> None:
    record = {"level": "ERROR", "message": "step failed", "exception": "Traceback\nLookupError: x"}
    assert readable(json.dumps(record)).splitlines() == ["ERROR step failed ", "Traceback", "LookupError: x"]


@pytest.mark.parametrize("line", ["REPORT RequestId: 1", "[1, 2]", '{"_aws": {}}', "{", ""])
def test_any_other_line_stays_as_it_is(line: str) -> None:
    assert readable(line) == line
