"""Hourly weather of the hours ahead: whole or refused, and only for hours that the issue has."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from use_cases.citibike.api.hours_ahead import HoursAhead
from use_cases.citibike.api.outlook import Outlook, weather_ahead
from use_cases.citibike.hourly_weather.features import POSITION, VALUES

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


def test_hours_out_of_order_are_refused() -> None:
    body = published()
    with pytest.raises(ValidationError, match="ascend"):
        HoursAhead.model_validate(body | {"time": body["time"][::-1]})
