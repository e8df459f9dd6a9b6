"""A store and the way to load files into it."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bikecast.storage import FolderStore
from tests.real_data import real_data
from tests.unit.use_cases.citibike.loading.trips import write_files
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.reports import MonthReport
from use_cases.citibike.loading.sources import folder_sources

__all__ = ["real_data"]

Load = Callable[..., MonthReport]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    (tmp_path / "store").mkdir()
    return FolderStore(tmp_path / "store")


@pytest.fixture
def load(store: FolderStore, tmp_path: Path) -> Load:
    """Return a function that loads named files as one month."""

    def load_files(files: Mapping[str, bytes], *, month: str = "2024-01", **options: object) -> MonthReport:
        folder = tmp_path / f"files-{len(list(tmp_path.iterdir()))}"
        sources = folder_sources(write_files(folder, files))
        return ingest_month(store, month, sources, **options)  # type: ignore[arg-type]  # options are its keywords

    return load_files
