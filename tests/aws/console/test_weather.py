"""The weather that completes a prediction request, and what is said about it."""

import datetime as dt
import json

import pytest

from bikecast.errors import InputError
from bikecast.names import Output
from bikecast.storage import S3Store
from console.cloud.session import Cloud
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.serving.world import profile, promote, published, put
from use_cases.citibike.console.weather import weather_of
from use_cases.citibike.keys import WEATHER_OUTLOOK_KEY

HOUR = dt.datetime(2024, 11, 20, 8)


@pytest.fixture
def served(cloud: Cloud) -> Cloud:
    cloud.s3.create_bucket(Bucket="serving")
    deploy_stack(cloud, "bikecast-serving", {Output.SERVING_BUCKET: "serving"})
    store = S3Store(cloud.s3, "serving")
    promote(store, published(store, "1", scale=1.0))
    return cloud


def test_without_a_forecast_the_rest_is_that_of_a_typical_year_and_says_so(served: Cloud) -> None:
    weather = weather_of(served, HOUR, {"TMAX": 41.0, "TMIN": None})
    assert weather.values == {"TMAX": 41.0, "TMIN": 50.0, "SNOW": 0.0}
    assert weather.origin == (
        "typical weather for 20 November; no forecast covers the day: TMIN 50, SNOW 0; given: TMAX"
    )


def test_a_forecast_of_the_day_comes_before_a_typical_year_and_names_its_source(served: Cloud) -> None:
    day = {"DATE": "2024-11-20", "TMAX": 39.0, "TMIN": 30.5, "SNOW": 0.0}
    outlook = {"source": "Open-Meteo", "issued_at": "2024-11-19T06:00:00Z", "days": [day]}
    served.s3.put_object(Bucket="serving", Key=WEATHER_OUTLOOK_KEY, Body=json.dumps(outlook).encode())
    weather = weather_of(served, HOUR, {})
    assert weather.values == {"TMAX": 39.0, "TMIN": 30.5, "SNOW": 0.0}
    assert weather.origin.startswith("weather as forecast by Open-Meteo at 2024-11-19 06:00Z: TMAX 39, ")
    beyond = weather_of(served, HOUR + dt.timedelta(days=1), {})
    assert beyond.origin.startswith("typical weather for 21 November")


def test_weather_that_is_given_whole_is_taken_as_it_is(served: Cloud) -> None:
    given = {"TMAX": 41.0, "TMIN": 35.0, "SNOW": 1.0, "PRCP": 0.2}
    weather = weather_of(served, HOUR, given)
    assert (weather.values, weather.origin) == (given, "weather as given")


def test_weather_that_nobody_knows_is_asked_for(served: Cloud) -> None:
    store = S3Store(served.s3, "serving")
    known = profile()
    assert known.climatology is not None
    del known.climatology.values["SNOW"]
    bare = put(store, "models/bare.json", known.model_dump_json().encode())
    promote(store, published(store, "2", scale=1.0).model_copy(update={"profile": bare}))
    with pytest.raises(InputError, match="no weather is known for 2024-11-20: give --snow"):
        weather_of(served, HOUR, {"TMAX": 41.0})
