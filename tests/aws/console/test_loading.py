"""Files reach the bucket once; simulated and real data never mix."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.names import SIMULATED_MARKER_KEY, Output, Prefix
from console.cloud.session import Cloud
from console.data.buckets import Bucket
from console.errors import ExecutionError
from tests.aws.console.test_executions import FAILS, create_machine
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.use_cases.citibike.loading.trips import csv_bytes, hour_of_rides
from use_cases.citibike.console.files.loading import load
from use_cases.citibike.console.files.prefixes import Place, keys_in_place, kind_of_object, parse_place
from use_cases.citibike.console.files.replacing import replacing_simulated
from use_cases.citibike.console.files.sources import Source, of_names, recognise
from use_cases.citibike.console.files.tables import check_tables, upload_tables
from use_cases.citibike.console.files.uploading import marker_key, raw_keys, upload_files
from use_cases.citibike.keys import citibike_key, weather_key
from use_cases.citibike.loading.kinds import Kind


@pytest.fixture
def bucket(cloud: Cloud) -> Bucket:
    cloud.s3.create_bucket(Bucket="data")
    return Bucket(cloud, "data")


def write_hourly(folder: Path, *, trips: int = 10) -> Path:
    path = folder / "citibike" / "2024-citibike-tripdata.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    hours = pd.DataFrame({"date": pd.Timestamp(dt.date(2024, 1, 1)), "hour": range(24)})
    hours["date"] = hours["date"].astype("datetime64[ns]")
    hours.assign(trips=trips, holiday=1).to_parquet(path)
    return path


def _load_tables(bucket: Bucket, source: Source) -> dict[str, Any]:
    return upload_tables(bucket, source, check_tables(source))


def test_processed_tables_are_uploaded_as_they_are(bucket: Bucket, tmp_path: Path) -> None:
    path = write_hourly(tmp_path)
    source = recognise(tmp_path)
    report = _load_tables(bucket, source)
    body = bucket.cloud.s3.get_object(Bucket="data", Key=citibike_key(2024))["Body"].read()
    assert body == path.read_bytes()
    assert report["hourly"][0] | {"file": ""} == {
        "year": 2024,
        "file": "",
        "rows": 24,
        "repeated": 0,
        "kept": 0,
        "uploaded": True,
    }


def test_a_table_that_breaks_its_contract_is_not_uploaded(bucket: Bucket, tmp_path: Path) -> None:
    write_hourly(tmp_path, trips=-1)
    with pytest.raises(DataError, match="trips"):
        check_tables(recognise(tmp_path))
    assert bucket.keys("") == []


@pytest.mark.parametrize("trips", [5.5, float("nan")])
def test_counts_that_are_missing_or_no_whole_numbers_are_refused(trips: float, tmp_path: Path) -> None:
    path = write_hourly(tmp_path)
    table = pd.read_parquet(path).astype({"trips": float})
    table.loc[7, "trips"] = trips
    table.to_parquet(path)
    with pytest.raises(
        DataError, match=rf"{path.name}: trips must be whole numbers, but are {trips} on 2024-01-01"
    ):
        check_tables(recognise(tmp_path))


def test_a_table_that_holds_its_hours_twice_is_refused(tmp_path: Path) -> None:
    path = write_hourly(tmp_path)
    days = [pd.read_parquet(path).assign(date=pd.Timestamp(2024, 1, day)) for day in (1, 2)]
    pd.concat(days * 2).to_parquet(path)
    with pytest.raises(DataError, match="48 of 48 hours are there twice: keep one row an hour"):
        check_tables(recognise(tmp_path))


def test_a_table_of_weather_in_metric_units_is_refused(tmp_path: Path) -> None:
    write_hourly(tmp_path)
    days = pd.date_range("2024-01-01", periods=60)
    metric = pd.DataFrame({"DATE": days, "TMAX": 4.0, "TMIN": -3.0, "SNOW": 0.0})
    metric.to_parquet(tmp_path / "2024-weather.parquet")
    with pytest.raises(DataError, match=r"2024-weather\.parquet: seems to be in metric units"):
        check_tables(recognise(tmp_path))


def test_a_table_that_is_no_parquet_is_named(bucket: Bucket, tmp_path: Path) -> None:
    write_hourly(tmp_path).write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match=r"2024-citibike-tripdata\.parquet is not a readable parquet file"):
        check_tables(recognise(tmp_path))


def test_the_same_file_is_uploaded_once(bucket: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "202401-citibike-tripdata.csv"
    path.write_text("a")
    assert bucket.put(path, "raw/a.csv")
    assert not bucket.put(path, "raw/a.csv")
    path.write_text("b")
    assert bucket.put(path, "raw/a.csv")


def test_files_stand_under_raw_with_their_folders(bucket: Bucket, tmp_path: Path) -> None:
    for name in ("2024/jan.zip", "weather_2024.csv", "simulated.json"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    upload_files(bucket, recognise(tmp_path))
    assert bucket.keys("") == ["raw/2024/jan.zip", "raw/simulated.json", "raw/weather/weather_2024.csv"]


def test_files_of_one_name_in_two_folders_keep_their_folders(bucket: Bucket, tmp_path: Path) -> None:
    for year in ("2023", "2024"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "weather.csv").write_text(f"DATE,TMAX,TMIN,SNOW\n{year}-01-01,40,30,0\n")
    assert upload_files(bucket, recognise(tmp_path)) == [
        "raw/weather/2023/weather.csv",
        "raw/weather/2024/weather.csv",
    ]


def test_two_files_that_would_overwrite_each_other_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "weather").mkdir()
    for path in (tmp_path / "a.csv", tmp_path / "weather" / "a.csv"):
        path.write_text("DATE,TMAX,TMIN,SNOW\n2024-01-01,40,30,0\n")
    with pytest.raises(
        InputError, match=r"a\.csv and .*weather/a\.csv would both be stored at raw/weather/a\.csv"
    ):
        raw_keys(recognise(tmp_path))


def test_a_table_of_some_months_leaves_the_other_months_of_its_year(bucket: Bucket, tmp_path: Path) -> None:
    _load_tables(bucket, recognise(write_hourly(tmp_path / "one")))
    later = pd.read_parquet(tmp_path / "one/citibike/2024-citibike-tripdata.parquet")
    path = tmp_path / "two" / "2024-citibike-tripdata.parquet"
    path.parent.mkdir()
    later.assign(date=pd.Timestamp("2024-02-01")).to_parquet(path)
    (row,) = _load_tables(bucket, recognise(path))["hourly"]
    assert (row["rows"], row["kept"]) == (24, 24)
    stored = pd.read_parquet(io.BytesIO(bucket.read(citibike_key(2024))))
    assert stored["date"].nunique() == 2


def test_a_later_weather_table_keeps_the_columns_that_it_lacks(bucket: Bucket, tmp_path: Path) -> None:
    days = pd.DataFrame(
        {"DATE": pd.date_range("2024-01-01", periods=3), "TMAX": 40.0, "TMIN": 30.0, "SNOW": 0.0}
    )
    for folder, table in (("one", days.assign(PRCP=0.1)), ("two", days.head(2).assign(TMAX=41.0))):
        (tmp_path / folder).mkdir()
        table.to_parquet(tmp_path / folder / "2024-weather.parquet")
        write_hourly(tmp_path / folder)
        _load_tables(bucket, recognise(tmp_path / folder))
    stored = pd.read_parquet(io.BytesIO(bucket.read(weather_key(2024))))
    assert stored["TMAX"].tolist() == [41.0, 41.0, 40.0]
    assert stored["PRCP"].tolist() == [0.1, 0.1, 0.1]


def test_files_in_a_bucket_are_recognised_by_their_first_bytes(bucket: Bucket) -> None:
    s3 = bucket.cloud.s3
    s3.create_bucket(Bucket="archive")
    s3.put_object(Bucket="archive", Key="data/9100001.csv", Body=b"DATE,TMAX,TMIN,SNOW\n2024-01-01,40,30,0\n")
    assert kind_of_object(bucket.cloud, Place("archive", "data/"), "9100001.csv") is Kind.WEATHER
    s3.put_object(Bucket="archive", Key="data/empty.csv", Body=b"")
    assert kind_of_object(bucket.cloud, Place("archive", "data/"), "empty.csv") is Kind.UNKNOWN


@pytest.fixture
def simulated(bucket: Bucket, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    """A deployed data bucket with simulated data."""
    deploy_stack(bucket.cloud, "bikecast-storage", {Output.DATA_BUCKET: "data"})
    marker = tmp_path_factory.mktemp("simulated") / "simulated.json"
    marker.write_text("{}")
    for key in (SIMULATED_MARKER_KEY, citibike_key(2024), f"{Prefix.TRIPS}2024-01.parquet"):
        bucket.put(marker, key)
    return bucket


def test_real_data_removes_simulated_data_once_somebody_agreed(simulated: Bucket, tmp_path: Path) -> None:
    write_hourly(tmp_path)
    with (
        pytest.raises(InputError, match="--replace-simulated"),
        replacing_simulated(simulated.cloud, recognise(tmp_path), agreed=False),
    ):
        pytest.fail("nobody agreed")
    assert len(simulated.keys("")) == 3
    with replacing_simulated(simulated.cloud, recognise(tmp_path), agreed=True):
        assert not simulated.has(SIMULATED_MARKER_KEY)
    assert simulated.keys("") == []


def write_trips(folder: Path) -> Source:
    (folder / "202401-citibike-tripdata.csv").write_bytes(csv_bytes(hour_of_rides("2024-01-01 08", 3)))
    return recognise(folder)


def test_a_load_that_fails_puts_the_simulated_data_back(simulated: Bucket, tmp_path: Path) -> None:
    before = {key: simulated.read(key) for key in simulated.keys("")}
    deploy_stack(
        simulated.cloud,
        "bikecast-training",
        {Output.INGEST_STATE_MACHINE_ARN: create_machine(simulated.cloud, FAILS)},
    )
    with pytest.raises(ExecutionError, match="must be an integer"):
        load(simulated.cloud, write_trips(tmp_path), replace_simulated=True)
    assert {key: simulated.read(key) for key in simulated.keys("")} == before


def test_a_load_that_nobody_watches_any_more_keeps_the_simulated_data_until_another_succeeded(
    simulated: Bucket, tmp_path: Path
) -> None:
    before = simulated.keys("")
    with (
        pytest.raises(KeyboardInterrupt),
        replacing_simulated(simulated.cloud, write_trips(tmp_path), agreed=True),
    ):
        raise KeyboardInterrupt
    assert simulated.keys("") == sorted(f"{Prefix.REPLACED}citibike/{key}" for key in before)
    with replacing_simulated(simulated.cloud, recognise(tmp_path), agreed=False):
        pass
    assert simulated.keys("") == []


def test_replacing_simulated_data_leaves_those_of_other_use_cases(simulated: Bucket, tmp_path: Path) -> None:
    others = [f"{Prefix.QUARANTINE}obesity/a.parquet", f"{Prefix.LOAD_REPORTS}obesity/latest.json"]
    for key in others:
        simulated.put(write_hourly(tmp_path), key)
    with replacing_simulated(simulated.cloud, recognise(tmp_path), agreed=True):
        pass
    assert simulated.keys("") == sorted(others)


def test_what_cannot_be_read_removes_nothing(simulated: Bucket, tmp_path: Path) -> None:
    (tmp_path / "202401-citibike-tripdata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"none of 1 files in .* can be read as trips"):
        load(simulated.cloud, recognise(tmp_path), replace_simulated=True)
    write_hourly(tmp_path, trips=-1)
    with pytest.raises(DataError, match="trips"):
        load(simulated.cloud, recognise(tmp_path), replace_simulated=True)
    assert len(simulated.keys("")) == 3


def test_simulated_data_never_joins_real_data(bucket: Bucket, tmp_path: Path) -> None:
    deploy_stack(bucket.cloud, "bikecast-storage", {Output.DATA_BUCKET: "data"})
    bucket.put(write_hourly(tmp_path), citibike_key(2024))
    (tmp_path / "simulated.json").write_text("{}")
    with pytest.raises(DataError, match="never mixed"):
        load(bucket.cloud, recognise(tmp_path), replace_simulated=True)


def test_files_of_another_bucket_are_copied_once(bucket: Bucket) -> None:
    s3 = bucket.cloud.s3
    s3.create_bucket(Bucket="archive")
    s3.put_object(Bucket="archive", Key="tripdata/202401-citibike-tripdata.zip", Body=b"one")
    assert bucket.copy("archive", "tripdata/202401-citibike-tripdata.zip", "raw/202401.zip")
    assert not bucket.copy("archive", "tripdata/202401-citibike-tripdata.zip", "raw/202401.zip")
    assert bucket.read("raw/202401.zip") == b"one"
    s3.put_object(Bucket="archive", Key="tripdata/202401-citibike-tripdata.zip", Body=b"two")
    assert bucket.copy("archive", "tripdata/202401-citibike-tripdata.zip", "raw/202401.zip")


def test_names_below_a_prefix_are_recognised() -> None:
    names = ["2024/jan.zip", "2024/notes.txt", "2024-weather.parquet", "weather/a.csv", "simulated.json"]
    source = of_names(names, shown="s3://archive")
    assert {path.as_posix(): key for path, key in raw_keys(source).items()} == {
        "2024/jan.zip": "raw/2024/jan.zip",
        "2024-weather.parquet": "raw/weather/2024-weather.parquet",
        "weather/a.csv": "raw/weather/a.csv",
    }
    assert marker_key(source) == {Path("simulated.json"): "raw/simulated.json"}
    with pytest.raises(InputError, match="nothing to load in s3://archive/empty"):
        of_names(["notes.txt"], shown="s3://archive/empty")


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://archive", Place("archive", "")),
        ("s3://archive/", Place("archive", "")),
        ("s3://archive/tripdata", Place("archive", "tripdata/")),
        ("s3://archive/tripdata/2024/", Place("archive", "tripdata/2024/")),
    ],
)
def test_a_prefix_is_a_folder_of_a_bucket(uri: str, place: Place) -> None:
    assert parse_place(uri) == place


def test_a_prefix_without_a_bucket_is_refused() -> None:
    with pytest.raises(InputError, match="s3://bucket/prefix"):
        parse_place("s3:///tripdata")


def test_files_under_raw_are_taken_where_they_are(bucket: Bucket) -> None:
    place = Place("data", "raw/jc/")
    assert keys_in_place(bucket, place, of_names(["a.zip", "b.csv"], shown="")) == [
        "raw/jc/a.zip",
        "raw/jc/b.csv",
    ]
    weather = of_names(["weather/2024.csv"], shown="")
    assert keys_in_place(bucket, Place("data", "raw/"), weather) == ["raw/weather/2024.csv"]
    assert keys_in_place(bucket, place, weather) == ["raw/jc/weather/2024.csv"]


def test_real_files_beside_simulated_ones_are_not_loaded_in_place(bucket: Bucket, tmp_path: Path) -> None:
    (marker := tmp_path / "simulated.json").write_text("{}")
    bucket.put(marker, SIMULATED_MARKER_KEY)
    with pytest.raises(DataError, match="holds simulated data"):
        keys_in_place(bucket, Place("data", "raw/jc/"), of_names(["a.zip"], shown=""))
    simulated = of_names(["a.zip", "simulated.json"], shown="")
    assert keys_in_place(bucket, Place("data", "raw/"), simulated) == ["raw/a.zip"]
