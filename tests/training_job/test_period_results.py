"""Predictions of a period are kept, and the last good ones stand in when inputs fail."""

import datetime as dt
import io
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError
from bikecast.storage import FolderStore
from use_cases.citibike.training.period_results import PeriodResults

PREDICTIONS = pd.DataFrame(
    {"hour": pd.to_datetime(["2024-07-01 08:00"]), "prediction": [10.0], "low": [8.0], "high": [12.0]}
)


@pytest.fixture
def results(tmp_path: Path) -> PeriodResults:
    return PeriodResults(FolderStore(tmp_path), dt.date(2024, 7, 1), dt.date(2024, 7, 7))


def test_a_result_names_its_version_and_can_be_written_again(results: PeriodResults) -> None:
    told = results.keep(PREDICTIONS, version="3")
    assert results.keep(PREDICTIONS, version="3") == told
    assert (told["n_predictions"], told["model_version"], told["problem"]) == (1, "3", None)
    kept = pd.read_parquet(io.BytesIO(results.store.read(told["key"]).body))
    assert kept["model_version"].tolist() == ["3"]
    assert kept["prediction"].tolist() == [10.0]


def test_the_last_good_result_stands_in_and_says_why(results: PeriodResults) -> None:
    results.keep(PREDICTIONS, version="3")
    results.keep(PREDICTIONS, version="4")
    told = results.last_good(DataError("weather of 2024-07-03 is missing"))
    assert told["model_version"] == "4"
    assert told["problem"] == "the last good result stands in: weather of 2024-07-03 is missing"


def test_without_an_earlier_result_the_problem_itself_is_raised(results: PeriodResults) -> None:
    with pytest.raises(DataError, match="weather of 2024-07-03"):
        results.last_good(DataError("weather of 2024-07-03 is missing"))
