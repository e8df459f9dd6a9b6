"""The monitor of each declared use case finds the shifts that are declared, and alarms for little else."""

import pandas as pd
import pytest

from bikecast import discovery
from bikecast.monitoring.limits.trials import Trial
from bikecast.monitoring.rows.selftest import SIZES, run_selftest
from bikecast.use_case import UseCase
from console.monitoring.selftest import rows_of

AT_ONCE = 2  # windows that an alarm takes
NAMES = ("green_taxi", "obesity", "ride_duration")


@pytest.fixture(scope="module", params=NAMES)
def declared(request: pytest.FixtureRequest) -> tuple[UseCase, pd.DataFrame]:
    use_case = discovery.load(request.param)
    return use_case, rows_of(use_case, None)


def test_every_declared_shift_is_found_at_every_size_within_its_windows(
    declared: tuple[UseCase, pd.DataFrame],
) -> None:
    use_case, rows = declared
    result = run_selftest(use_case, rows)
    shifts = {shift.name: shift for shift in use_case.monitoring.shifts}
    assert result.injected == len(shifts) * len(SIZES)
    assert [trial for trial in result.rows if _late(trial, shifts[trial.shift].found_within)] == []
    assert [t for t in result.rows if t.rows_a_window > SIZES[0] and _late(t, AT_ONCE)] == []
    assert result.false_alarms <= result.allowed_false_alarms
    assert result.passed


def _late(trial: Trial, within: int) -> bool:
    return trial.windows_needed is None or trial.windows_needed > within
