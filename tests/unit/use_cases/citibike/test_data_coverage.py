"""How far data reach: the latest stretch with demand and weather."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError
from bikecast.storage import FolderStore
from bikecast.yearly import write_parquet
from use_cases.citibike.data_coverage import read_coverage
from use_cases.citibike.days import DataCoverage
from use_cases.citibike.keys import citibike_key, weather_key


def store_of(folder: Path, *, demand: list[str], weather: list[str]) -> FolderStore:
    """Return a bucket with these ranges of days, ``first..last``."""
    store = FolderStore(folder)
    for ranges, column, key in ((demand, "date", citibike_key), (weather, "DATE", weather_key)):
        for text in ranges:
            first, last = text.split("..")
            days = pd.date_range(first, last)
            write_parquet(store, key(days[0].year), pd.DataFrame({column: days}))
    return store


def test_the_latest_stretch_has_both_and_ends_with_a_whole_month(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        demand=["2016-01-01..2016-03-31", "2022-01-01..2022-06-30", "2024-05-01..2024-05-31"],
        weather=["2016-01-01..2016-12-31", "2022-01-03..2022-12-31"],
    )
    coverage = read_coverage(store)
    assert coverage == DataCoverage(dt.date(2022, 1, 3), dt.date(2022, 6, 30), earliest=dt.date(2016, 1, 1))
    assert coverage.latest_complete_month() == dt.date(2022, 6, 30)


def test_a_gap_of_a_few_days_is_no_end(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        demand=["2024-01-01..2024-12-31", "2025-01-06..2025-02-10"],
        weather=["2024-01-01..2024-12-31", "2025-01-01..2025-12-31"],
    )
    coverage = read_coverage(store)
    assert (str(coverage), coverage.latest_complete_month()) == (
        "2024-01-01 to 2025-02-10",
        dt.date(2025, 1, 31),
    )


def test_what_lacks_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="load data first"):
        read_coverage(FolderStore(tmp_path / "empty"))
    apart = store_of(tmp_path, demand=["2022-01-01..2022-01-31"], weather=["2023-01-01..2023-12-31"])
    with pytest.raises(
        DataError, match="demand is there for 2022-01-01 to 2022-01-31, weather for 2023-01-01"
    ):
        read_coverage(apart)
