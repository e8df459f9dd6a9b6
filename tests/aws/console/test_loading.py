"""Files reach the bucket once; simulated and real data never mix."""

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.names import SIMULATED_MARKER_KEY, Output, Prefix, citibike_key
from console.buckets import Bucket
from console.cloud import Cloud
from console.loading import check_tables, load, upload_tables
from console.prefixes import Place, keys_in_place, parse_place
from console.replacing import make_room
from console.sources import of_names, recognise
from console.uploading import marker_key, raw_keys, upload_files
from tests.aws.console.test_outputs import deploy_stack


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


def test_processed_tables_are_uploaded_as_they_are(bucket: Bucket, tmp_path: Path) -> None:
    path = write_hourly(tmp_path)
    source = recognise(tmp_path)
    report = upload_tables(bucket, source, check_tables(source))
    body = bucket.cloud.s3.get_object(Bucket="data", Key=citibike_key(2024))["Body"].read()
    assert body == path.read_bytes()
    assert report["hourly"][0] | {"file": ""} == {
        "year": 2024,
        "file": "",
        "rows": 24,
        "repeated": 0,
        "uploaded": True,
    }


def test_a_table_that_breaks_its_contract_is_not_uploaded(bucket: Bucket, tmp_path: Path) -> None:
    write_hourly(tmp_path, trips=-1)
    with pytest.raises(DataError, match="trips"):
        check_tables(recognise(tmp_path))
    assert bucket.keys("") == []


def test_a_table_that_is_no_parquet_is_named(bucket: Bucket, tmp_path: Path) -> None:
    write_hourly(tmp_path).write_bytes(b"not parquet at all")
    with pytest.raises(DataError, match=r"2024-citibike-tripdata\.parquet is no readable parquet file"):
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
    with pytest.raises(InputError, match="--replace-simulated"):
        make_room(simulated.cloud, recognise(tmp_path), agreed=False)
    assert len(simulated.keys("")) == 3
    make_room(simulated.cloud, recognise(tmp_path), agreed=True)
    assert simulated.keys("") == []


def test_what_cannot_be_read_removes_nothing(simulated: Bucket, tmp_path: Path) -> None:
    (tmp_path / "202401-citibike-tripdata.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"none of 1 files in .* can be read as trips"):
        make_room(simulated.cloud, recognise(tmp_path), agreed=True)
    write_hourly(tmp_path, trips=-1)
    with pytest.raises(DataError, match="trips"):
        load(simulated.cloud, recognise(tmp_path), replace_simulated=True)
    assert len(simulated.keys("")) == 3


def test_simulated_data_never_joins_real_data(bucket: Bucket, tmp_path: Path) -> None:
    deploy_stack(bucket.cloud, "bikecast-storage", {Output.DATA_BUCKET: "data"})
    bucket.put(write_hourly(tmp_path), citibike_key(2024))
    (tmp_path / "simulated.json").write_text("{}")
    with pytest.raises(DataError, match="never mixed"):
        make_room(bucket.cloud, recognise(tmp_path), agreed=True)


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
    with pytest.raises(
        InputError, match=r"raw/jc/weather/2024\.csv: weather is looked for under raw/weather/"
    ):
        keys_in_place(bucket, place, weather)


def test_real_files_beside_simulated_ones_are_not_loaded_in_place(bucket: Bucket, tmp_path: Path) -> None:
    (marker := tmp_path / "simulated.json").write_text("{}")
    bucket.put(marker, SIMULATED_MARKER_KEY)
    with pytest.raises(DataError, match="holds simulated data"):
        keys_in_place(bucket, Place("data", "raw/jc/"), of_names(["a.zip"], shown=""))
    simulated = of_names(["a.zip", "simulated.json"], shown="")
    assert keys_in_place(bucket, Place("data", "raw/"), simulated) == ["raw/a.zip"]
