"""Minutes of a bike ride: features without its end, the publisher's files, bodies of earlier clients."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.examples import columns_of, folder_files, load_files, read_table
from bikecast.storage import FolderStore
from bikecast.use_case.rows import columns_of_rows, row_model
from tests.real_data import real_data
from tests.unit.use_cases.conftest import Simulated
from tests.unit.use_cases.service import ConstantService, client
from use_cases.ride_duration.features import build, distance_band, distance_km, hour, weekday
from use_cases.ride_duration.files import read, recognises
from use_cases.ride_duration.simulation import rides
from use_cases.ride_duration.use_case import RIDE, USE_CASE

__all__ = ["real_data"]
ROW = row_model(USE_CASE)
ANSWER = {"prediction": 12.5, "low": 8.0, "high": 21.0}
PLACES = st.tuples(*[st.floats(38.5, 39.5), st.floats(-77.8, -76.5)] * 2)


def places(values: tuple[float, ...]) -> dict[str, Any]:
    """Return one ride's places as columns."""
    names = ("start_lat", "start_lng", "end_lat", "end_lng")
    return {name: np.array([value]) for name, value in zip(names, values, strict=True)}


def test_distance_is_that_of_the_great_circle() -> None:
    # One degree of latitude is 111.19 km; one of longitude is shorter by the cosine of the latitude.
    assert distance_km(places((38.5, -77.0, 39.5, -77.0))) == pytest.approx([111.19], abs=0.01)
    across = distance_km(places((38.9, -77.5, 38.9, -76.5)))
    assert across == pytest.approx([111.19 * np.cos(np.radians(38.9))], rel=1e-4)


@given(PLACES)
def test_distance_is_the_same_both_ways_and_zero_only_at_home(values: tuple[float, ...]) -> None:
    there, back = distance_km(places(values)), distance_km(places((*values[2:], *values[:2])))
    assert there == pytest.approx(back, abs=1e-9)
    assert distance_km(places((*values[:2], *values[:2]))) == [0.0]
    assert 0 <= distance_band(places(values))[0] <= 8


@given(st.datetimes(min_value=pd.Timestamp("1990-01-01").to_pydatetime()))
def test_hour_and_weekday_are_those_of_the_calendar(start: Any) -> None:
    columns = {"started_at": np.array([start], dtype="datetime64[s]")}
    assert int(hour(columns)[0]) == start.hour
    assert weekday(columns)[0] == start.weekday()


def test_nothing_of_when_a_ride_ends_reaches_the_features() -> None:
    raw = rides("2021-01", 200, seed=1).dropna(subset=["end_lat"]).reset_index(drop=True)
    longer = raw.assign(ended_at=raw["started_at"] + pd.Timedelta("2h"))
    one, other = (read(frame.astype(object)) for frame in (raw, longer))
    assert (one["minutes"] != other["minutes"]).any()
    names = [item.name for item in USE_CASE.inputs]
    pd.testing.assert_frame_equal(one[names], other[names])
    typed = {"start_lat": float, "start_lng": float, "end_lat": float, "end_lng": float}
    first, second = (
        build(columns_of(USE_CASE, frame.astype(typed | {"started_at": "datetime64[s]"})))
        for frame in (one, other)
    )
    np.testing.assert_array_equal(first, second)


def test_file_is_told_by_its_thirteen_columns() -> None:
    names = [str(name) for name in rides("2021-01", 1, seed=1)]
    assert len(names) == 13
    assert recognises(names)
    assert not recognises([name for name in names if name != "ended_at"])


def test_simulated_rides_break_each_rule(simulated: Simulated) -> None:
    report, table, _ = simulated("ride_duration")
    assert report.refused.keys() == {
        "under a minute",
        "over three hours",
        "end missing or before the start",
        "end_lat: missing",
    }
    assert table["minutes"].between(1, 180).all()


def test_destination_at_zero_degrees_is_missing(tmp_path: Path) -> None:
    raw = rides("2021-01", 50, seed=1)
    raw.loc[raw.index[:4], ["end_lat", "end_lng"]] = 0.0
    raw["ended_at"] = raw["started_at"] + pd.Timedelta("9min")
    raw.to_csv(tmp_path / "rides.csv", index=False)
    report = load_files(FolderStore(tmp_path / "bucket"), USE_CASE, folder_files(tmp_path))
    assert report.refused == {"end_lat: missing": 4}


def test_earlier_body_is_answered_with_minutes() -> None:
    service = ConstantService(ANSWER)
    asked = client(USE_CASE, service)
    published = RIDE | {"ended_at": "2021-01-08 18:25:23", "start_station_name": "Connecticut Ave"}
    response = asked.post("/predict", json={"data": [published]})
    assert (response.status_code, response.json()) == (200, {"value": 12.5})
    assert "ended_at" not in service.rows[0].model_dump()
    assert asked.post("/predict", json={"data": [RIDE, RIDE]}).json() == {"value": [12.5, 12.5]}


def test_prediction_time_is_the_start_of_rides_without_one() -> None:
    service = ConstantService(ANSWER)
    asked = client(USE_CASE, service)
    without = {name: value for name, value in RIDE.items() if name != "started_at"}
    body = {"data": [without, RIDE], "prediction_time": "2021-02-01 07:00:00"}
    assert asked.post("/predict", json=body).status_code == 200
    hours = columns_of_rows(USE_CASE, service.rows).columns["started_at"].astype("datetime64[h]").tolist()
    assert [moment.hour for moment in hours] == [7, 17]
    assert asked.post("/predict", json={"data": [without]}).status_code == 422
    assert asked.post("/predict", json={"data": [RIDE], "prediction_time": "now"}).status_code == 422


def test_rides_are_answered_with_an_interval() -> None:
    response = client(USE_CASE, ConstantService(ANSWER)).post("/predict", json={"input_data": [RIDE]})
    row = response.json()["predictions"][0]
    assert (row["prediction"], row["low"], row["high"]) == (12.5, 8.0, 21.0)


@pytest.mark.parametrize("field", ["data", "input_data"])
def test_illegal_ride_is_refused_by_field(field: str) -> None:
    asked = client(USE_CASE, ConstantService(ANSWER))
    response = asked.post("/predict", json={field: [RIDE | {"start_lat": 389.4}]})
    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"][-3:] == [field, 0, "start_lat"]


def test_document_has_each_body_and_a_ride_lacks_its_start_only_beside_a_time() -> None:
    found = client(USE_CASE, ConstantService(ANSWER)).get("/openapi.json").json()
    body = found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    names = [one["$ref"].rsplit("/", 1)[-1] for one in body["oneOf"]]
    assert names == ["PublishedRides", "RidesOfATime", "Rides"]
    schemas = found["components"]["schemas"]
    assert "started_at" in schemas["PublishedRide"]["required"]
    assert "started_at" not in schemas["RideOfATime"]["required"]
    assert "default" not in schemas["RideOfATime"]["properties"]["started_at"]
    assert schemas["PublishedRides"]["properties"]["prediction_time"]["type"] == "null"
    assert schemas["RidesOfATime"]["required"] == ["data", "prediction_time"]


def test_a_start_that_is_null_is_refused_beside_a_time_too() -> None:
    asked = client(USE_CASE, ConstantService(ANSWER))
    body = {"data": [RIDE | {"started_at": None}], "prediction_time": "2021-02-01 07:00:00"}
    response = asked.post("/predict", json=body)
    assert (response.status_code, response.json()["detail"][0]["loc"][-3:]) == (
        422,
        ["data", 0, "started_at"],
    )


def test_published_month_gives_the_stated_rows(real_data: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    report = load_files(store, USE_CASE, folder_files(real_data / "ride_duration"))
    assert report.status == "complete"
    assert report.rows == 100_070
    assert report.refused == {
        "under a minute": 1_806,
        "over three hours": 621,
        "end_lat: missing": 66,
        "end missing or before the start": 6,
    }
    assert len(read_table(store, USE_CASE)) == 97_571
