"""Hourly weather of the hours ahead: whole or refused, and only for hours that the issue has."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from use_cases.citibike.api.contract import TripRequest
from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.api.outlook import Outlook, weather_ahead
from use_cases.citibike.api.prediction_inputs import of_trips
from use_cases.citibike.hourly_weather.features import NEEDED, OBSERVED, POSITION, VALUES

FIRST = dt.datetime(2025, 1, 1)
LENGTH = 24 * 9


def published(**changed: Any) -> dict[str, Any]:
    """Return nine days from New Year's midnight, issued at 08:00 of the second."""
    times = [(FIRST + dt.timedelta(hours=hour)).isoformat() for hour in range(LENGTH)]
    values = {name: [1.0] * LENGTH for name in VALUES} | {"gust": [None] * LENGTH}
    return {"issued_at": "2025-01-02T13:00:00Z", "time": times, "values": values, **changed}


def test_hours_from_the_issue_on_have_rows_with_their_lead() -> None:
    hours = np.arange("2025-01-02T06", "2025-01-12T00", dtype="datetime64[h]").astype("datetime64[s]")
    rows = HoursAhead.model_validate(published()).rows(hours)
    assert hours[rows.place[0]] == np.datetime64("2025-01-02T08")
    assert hours[rows.place[-1]] == np.datetime64("2025-01-09T23")
    assert (rows.lead[0], rows.lead[-1]) == (0, 7)
    assert np.isnan(rows.features[:, POSITION["gust"]]).all()
    assert rows.features[0, POSITION["rain_24h"]] == 24


def test_a_forecast_without_hours_gives_none() -> None:
    day = {"DATE": "2025-01-02", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.5}
    body = {"issued_at": "2025-01-02T00:00:00Z", "source": "test", "days": [day]}
    hours = np.asarray(["2025-01-02T09"], dtype="datetime64[s]")
    without = Outlook.model_validate_json(json.dumps(body))
    within = Outlook.model_validate_json(json.dumps(body | {"hours": published()}))
    assert weather_ahead(hours, outlook=without, climatology=None).hourly is None
    rows = weather_ahead(hours, outlook=within, climatology=None).hourly
    assert rows is not None
    assert rows.place.tolist() == [0]


def test_the_rain_of_an_hour_is_known_where_the_issue_has_the_hour() -> None:
    day = {"DATE": "2025-01-02", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.5}
    body = {"issued_at": "2025-01-02T00:00:00Z", "source": "test", "days": [day], "hours": published()}
    hours = np.asarray(["2025-01-02T07", "2025-01-02T08", "2025-02-01T08"], dtype="datetime64[s]")
    outlook = Outlook.model_validate_json(json.dumps(body))
    assert weather_ahead(hours, outlook=outlook, climatology=None).rain() == [None, 2.0, None]
    assert weather_ahead(hours, outlook=None, climatology=None).rain() == [None, None, None]


@pytest.mark.parametrize(
    ("name", "column", "reason"),
    [
        ("rain", [None] * LENGTH, "rain"),
        ("rain", [1.0], "each as long as"),
        ("gust", [float("inf")] * LENGTH, "gust"),
        ("fog", [1.0] * LENGTH, "must hold"),
    ],
)
def test_hours_with_a_hole_are_refused(name: str, column: list[Any], reason: str) -> None:
    body = published()
    with pytest.raises(ValidationError, match=reason):
        HoursAhead.model_validate(body | {"values": body["values"] | {name: column}})


def measured(**changed: Any) -> dict[str, Any]:
    """Return a request for one morning with the hours of its day."""
    times = [f"2025-01-02T{hour:02d}:00:00" for hour in range(24)]
    values = {"temperature": [40.0] * 24, "rain": [0.1] * 24, "snowfall": [0.0] * 24, "wind": [5.0] * 24}
    row = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0, "PRCP": 2.4}
    return {"input_data": [row], "hourly": {"time": times, "values": values, **changed}}


def test_a_request_may_bring_the_hours_of_its_day_beside_what_the_station_measured() -> None:
    body = TripRequest.model_validate_json(json.dumps(measured()))
    rows = of_trips(body.input_data, body.hourly).hourly
    assert rows is not None
    assert rows.lead.tolist() == [OBSERVED]
    assert rows.features[0, POSITION["rain_of_day"]] == pytest.approx(2.4)
    assert rows.features[0, POSITION["station_prcp"]] == pytest.approx(2.4)
    assert np.isnan(rows.features[0, POSITION["station_awnd"]])


def test_hours_of_a_request_that_were_forecast_have_their_lead_and_no_station() -> None:
    body = TripRequest.model_validate_json(json.dumps(measured(issued_at="2025-01-02T06:00:00Z")))
    rows = of_trips(body.input_data, body.hourly).hourly
    assert rows is not None
    assert rows.lead.tolist() == [0]
    assert np.isnan(rows.features[0, POSITION["station_prcp"]])


def test_a_request_whose_hours_leave_a_gap_in_its_day_is_refused() -> None:
    body = measured()
    shorter = {"time": body["hourly"]["time"][3:]}
    shorter |= {"values": {name: column[3:] for name, column in body["hourly"]["values"].items()}}
    with pytest.raises(ValidationError, match="every hour of 2025-01-02"):
        TripRequest.model_validate_json(json.dumps(body | {"hourly": shorter}))
    holed = [hour for hour in body["hourly"]["time"] if "T11" not in hour and "T12" not in hour]
    values = {name: column[2:] for name, column in body["hourly"]["values"].items()}
    with pytest.raises(ValidationError, match="every hour between"):
        HoursAhead.model_validate_json(json.dumps({"time": holed, "values": values}))


def test_the_day_that_spring_shortens_is_whole_without_the_hour_that_it_skips() -> None:
    times = [f"2025-03-09T{hour:02d}:00:00" for hour in range(24) if hour != 2]
    values = {name: [1.0] * 23 for name in NEEDED}
    hours = HoursAhead.model_validate_json(json.dumps({"time": times, "values": values}))
    assert hours.incomplete_days([dt.date(2025, 3, 9)]) == []
    assert hours.incomplete_days([dt.date(2025, 3, 10)]) == [dt.date(2025, 3, 10)]


def test_an_outlook_of_older_code_which_knew_no_chance_of_rain_is_still_read() -> None:
    body = published()
    older = {name: column for name, column in body["values"].items() if name != "rain_chance"}
    rows = HoursAhead.model_validate(body | {"values": older}).rows(
        np.asarray(["2025-01-02T09"], dtype="datetime64[s]")
    )
    assert np.isnan(rows.features[0, POSITION["chance_of_day"]])


def test_hours_out_of_order_are_refused() -> None:
    body = published()
    with pytest.raises(ValidationError, match="ascend"):
        HoursAhead.model_validate(body | {"time": body["time"][::-1]})
