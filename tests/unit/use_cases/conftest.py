"""Simulated tables of the use cases, made once."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from bikecast import discovery
from bikecast.examples import folder_files, load_files, read_table
from bikecast.examples.reports import LoadReport
from bikecast.storage import FolderStore

NAMES = tuple(name for name in discovery.names() if discovery.is_declared(name))
Simulated = Callable[[str], tuple[LoadReport, pd.DataFrame, Path]]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Return a function from a use case's name to its load's report, its table and its files."""

    @cache
    def load(name: str) -> tuple[LoadReport, pd.DataFrame, Path]:
        use_case = discovery.load(name)
        folder = tmp_path_factory.mktemp(name)
        if use_case.simulate is None:
            pytest.skip(f"{name} declares no simulation")
        use_case.simulate(folder / "files")
        store = FolderStore(folder / "bucket")
        report = load_files(store, use_case, folder_files(folder / "files"))
        return report, read_table(store, use_case), folder / "files"

    return load
