"""The monitor finds what it must find, and nothing rings where nothing happened."""

import pytest

from bikecast.monitoring.limits.trials import NOTHING, SelfTest
from use_cases.citibike.monitoring.trial.selftest import SIZES, WINDOWS, run_selftest


@pytest.fixture(scope="module")
def result() -> SelfTest:
    return run_selftest()


def test_every_shift_is_found_at_every_size_within_the_stated_windows(result: SelfTest) -> None:
    assert result.injected == 5 * len(SIZES)
    assert [trial for trial in result.rows if trial.shift != NOTHING and not trial.found] == []
    assert all(trial.windows_needed in range(1, WINDOWS + 1) for trial in result.rows if trial.found)


def test_nothing_rings_where_nothing_happened(result: SelfTest) -> None:
    assert (result.false_alarms, result.null_trials) == (0, len(SIZES))


def test_every_statistical_method_has_found_something(result: SelfTest) -> None:
    said = " ".join(reason for trial in result.rows for reason in trial.by)
    assert all(method in said for method in ("wasserstein", "jensenshannon", "median day", "days", "share"))
