"""A drill's verdict: before, after, or between."""

from dataclasses import replace

import pytest

from benchmarks.drills.drill import judge
from benchmarks.drills.state import State

BEFORE = State({"hours": "a"}, "1", "1", {})
AFTER = State({"hours": "b"}, "2", "2", {})
WEEKS: dict[str, tuple[str, str | None, int]] = {"2025-02-03": ("ok", None, 9), "2025-02-10": ("ok", None, 9)}


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        (BEFORE, "before"),
        (AFTER, "after"),
        (replace(AFTER, alias="1"), "between"),
        (replace(AFTER, champion="1"), "between"),
        (replace(AFTER, tables={"hours": "c"}), "between"),
        (replace(BEFORE, broken=("a report is missing",)), "between"),
    ],
)
def test_a_mixture_of_two_states_is_neither(found: State, seen: str) -> None:
    assert judge(found, BEFORE, AFTER) == seen


def test_each_window_is_all_or_nothing() -> None:
    after = replace(BEFORE, windows=WEEKS)
    first = {"2025-02-03": WEEKS["2025-02-03"]}
    assert judge(replace(BEFORE, windows=first), BEFORE, after) == "before"
    assert judge(after, BEFORE, after) == "after"
    assert judge(replace(BEFORE, windows={"2025-02-03": ("ok", None, 4)}), BEFORE, after) == "between"
