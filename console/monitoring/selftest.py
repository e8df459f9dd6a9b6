"""The monitor's trial of itself: on simulated cities of hourly demand, or on rows of a declared use case."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bikecast.errors import DataError, InputError
from bikecast.storage import FolderStore
from console.data.row_loading import simulate_rows
from console.use_cases import declaration

if TYPE_CHECKING:
    import pandas as pd

    from bikecast.monitoring.limits.trials import SelfTest
    from bikecast.use_case import UseCase


def self_test(data: Path | None, *, seeds: Sequence[int], progress: Callable[[str], None]) -> "SelfTest":
    """Let the chosen use case's monitor try itself.

    Args:
        data: Files of a declared use case; its simulated sample if absent.
        seeds: Of what is random.
        progress: Told what is tried next.
    Raises:
        InputError: Hourly demand is tried on simulated cities alone.
        DataError: Files cannot be read, or are too few rows.
    """
    use_case = declaration()
    if use_case is None:
        if data is not None:
            raise InputError("--data: hourly demand is tried on simulated cities")
        from use_cases.citibike.monitoring.trial import selftest

        return selftest.run_selftest(seeds=seeds, progress=progress)
    from bikecast.monitoring.rows.selftest import run_selftest

    return run_selftest(use_case, rows_of(use_case, data), seeds=seeds, progress=progress)


def rows_of(use_case: "UseCase", data: Path | None) -> "pd.DataFrame":
    """Return the checked table of these files, or of the simulated sample."""
    from bikecast.examples import folder_files, load_files, read_table

    with tempfile.TemporaryDirectory() as folder:
        files, store = data or Path(folder, "simulated"), FolderStore(Path(folder, "tables"))
        if data is None:
            simulate_rows(use_case, files)
        report = load_files(store, use_case, folder_files(files))
        if report.problems:
            raise DataError("; ".join(f"{name}: {why}" for name, why in report.problems.items()))
        return read_table(store, use_case)
