"""Cash in green taxis: features, the city's files with their quirks, and the rows that are learnt from."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import FeatureError
from bikecast.examples import folder_files, load_files, read_table
from bikecast.storage import FolderStore
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.real_data import real_data
from tests.unit.use_cases.conftest import Simulated
from use_cases.green_taxi.features import build, hour, minutes, weekday
from use_cases.green_taxi.files import recognises
from use_cases.green_taxi.inputs import DROPOFF, PICKUP
from use_cases.green_taxi.use_case import RIDE, USE_CASE

__all__ = ["real_data"]
ROW = row_model(USE_CASE)


def features(**changes: Any) -> dict[str, float]:
    """Return one ride's features by name."""
    columns = columns_of_rows(USE_CASE, [ROW.model_validate(RIDE | changes)]).columns
    return dict(zip(USE_CASE.features.names, build(columns)[0].tolist(), strict=True))


def test_ride_becomes_sixteen_features() -> None:
    found = features()
    assert len(found) == 16
    assert (found["hour"], found["weekday"], found["minutes"]) == (8, 1, 16.5)
    assert (found["PULocationID"], found["RatecodeID"], found["VendorID"]) == (73, 0, 1)


def test_missing_codes_are_the_usual_ones_and_missing_amounts_are_zero() -> None:
    codes = ["RatecodeID", "trip_type", "VendorID", "passenger_count"]
    found = features(**dict.fromkeys([*codes, "extra", "tolls_amount", "congestion_surcharge"]))
    assert (found["RatecodeID"], found["trip_type"], found["VendorID"]) == (0, 0, 0)
    assert (found["passenger_count"], found["extra"], found["tolls_amount"]) == (1, 0, 0)


def test_tip_is_never_asked() -> None:
    names = {item.name for item in USE_CASE.inputs} | set(USE_CASE.features.names)
    assert not names & {"tip_amount", "total_amount", "payment_type", "payment"}


def test_ride_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(FeatureError, match=f"{DROPOFF} must be after {PICKUP}.*row 0"):
        features(**{DROPOFF: RIDE[PICKUP]})


@given(st.datetimes(), st.integers(1, 100_000))
def test_hour_weekday_and_minutes_are_those_of_the_calendar(start: Any, seconds: int) -> None:
    started = np.array([start.replace(microsecond=0)], dtype="datetime64[s]")
    columns = {PICKUP: started, DROPOFF: started + np.timedelta64(seconds, "s")}
    assert (hour(columns)[0], weekday(columns)[0]) == (start.hour, start.weekday())
    assert minutes(columns)[0] == pytest.approx(seconds / 60)


def test_meter_that_counted_thousands_of_miles_is_bounded() -> None:
    assert features(trip_distance=244_152.01)["trip_distance"] == 200


def test_file_is_told_by_its_columns_in_any_month() -> None:
    names = ["payment_type", PICKUP, DROPOFF, "PULocationID", "DOLocationID", "trip_distance", "fare_amount"]
    assert recognises([*names, "cbd_congestion_fee"])
    assert not recognises(names[1:])


def test_simulated_months_have_the_quirks_of_the_city(simulated: Simulated) -> None:
    report, table, _ = simulated("green_taxi")
    assert 0.4 < report.refused["payment type missing"] / report.rows < 0.5
    assert report.refused["fare missing or not positive"] > 0
    assert report.refused["distance missing or not positive"] > 0
    assert {"2008-12", "2009-01", "2021-03"} <= report.partitions.keys()
    assert 0.33 < (table["payment"] == "cash").mean() < 0.47


def test_published_months_give_the_stated_rows(real_data: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    report = load_files(store, USE_CASE, folder_files(real_data / "green_taxi"))
    assert report.status == "complete"
    assert [file.kept for file in report.files] == [38_316, 33_790, 40_971]
    assert sum(part.repeated + part.replaced for part in report.partitions.values()) == 0
    table = read_table(store, USE_CASE, named=["2021-01", "2021-02", "2021-03"])
    shares = (table["payment"] == "cash").groupby(table[PICKUP].dt.month).mean()
    assert shares.round(3).tolist() == [0.395, 0.38, 0.405]
