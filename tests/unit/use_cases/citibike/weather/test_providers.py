"""Weather from providers: one contract, units, issue times, days that one lacks filled by the next."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import DataError, InputError
from bikecast.storage import FolderStore
from bikecast.tabular.frames import RawTable
from tests.unit.web import QUICK, Site, serving
from use_cases.citibike.tables.contracts import WEATHER, checked
from use_cases.citibike.tables.hourly import read_weather
from use_cases.citibike.weather.hourly import HOURLY_FIELDS, hours_of, newest_forecast
from use_cases.citibike.weather.loading import load_weather
from use_cases.citibike.weather.providers import NceiDaily, OpenMeteo, WeatherProvider
from use_cases.citibike.web import Patience, WebError

START, END = dt.date(2025, 1, 10), dt.date(2025, 1, 12)
# The service pads its values, and leaves out what the station did not report.
NCEI_ANSWER = b"""\
"STATION","DATE","AWND","PRCP","SNOW","SNWD","TAVG","TMAX","TMIN"
"USW00014732","2025-01-10","   12.08","    0.00","     0.0","     0.0","   33","   38","   28"
"USW00014732","2025-01-11","    9.84","    0.03",,,"   33","   35","   30"
"USW00014732","2025-01-12","   10.29","    0.00","     0.0","     0.0","   34","   40","   29"
"""


def open_meteo_answer(days: int = 3) -> bytes:
    hours = pd.date_range(START, periods=24 * days, freq="h")
    values = {name: np.full(len(hours), 0.0).tolist() for name in HOURLY_FIELDS.values()}
    values["temperature_2m"] = (30 + 10 * np.sin(np.arange(len(hours)) / 24 * 2 * np.pi)).round(1).tolist()
    values["snowfall"] = [0.1] * len(hours)
    values["snow_depth"] = [0.25] * len(hours)
    return json.dumps({"hourly": {"time": hours.strftime("%Y-%m-%dT%H:%M").tolist(), **values}}).encode()


def ncei(site: Site) -> NceiDaily:
    return NceiDaily(url=site.url + "ncei", patience=QUICK)


def open_meteo(site: Site) -> OpenMeteo:
    clock = lambda: dt.datetime(2025, 1, 10, 5, tzinfo=dt.UTC)  # noqa: E731 - a fixed clock
    return OpenMeteo(
        archive_url=site.url + "archive", forecast_url=site.url + "forecast", patience=QUICK, clock=clock
    )


def site() -> Site:
    return Site({"/ncei": NCEI_ANSWER, "/archive": open_meteo_answer(), "/forecast": open_meteo_answer()})


@pytest.mark.parametrize("make", [ncei, open_meteo])
def test_provider_fulfils_the_contract(make: type) -> None:
    with serving(site()) as served:
        provider: WeatherProvider = make(served)
        days = provider.daily(START, END)
    checked(days, WEATHER)
    assert days["DATE"].between(pd.Timestamp(START), pd.Timestamp(END)).all()


def test_station_is_asked_for_standard_units_without_a_key() -> None:
    with serving(site()) as served:
        days = ncei(served).daily(START, END)
        (query,) = served.queries
    assert (query["units"], query["stations"], query["dataset"]) == (
        ["standard"],
        ["USW00014732"],
        ["daily-summaries"],
    )
    assert "token" not in query
    assert days["DATE"].dt.day.tolist() == [10, 12]
    assert list(days[["TMAX", "AWND"]].iloc[0]) == [38.0, 12.08]


def test_hours_make_a_day_in_the_tables_units() -> None:
    with serving(site()) as served:
        days = open_meteo(served).daily(START, END)
    assert list(days[["TMAX", "TMIN", "SNOW", "SNWD"]].iloc[0]) == [40.0, 20.0, 2.4, 3.0]


def test_forecast_says_when_it_was_known_and_observations_do_not() -> None:
    with serving(site()) as served:
        provider = open_meteo(served)
        forecast, observed = provider.forecast(3), provider.hourly(START, END)
    assert forecast["issued_at"].unique().tolist() == [pd.Timestamp("2025-01-10 05:00", tz="UTC")]
    assert observed["issued_at"].isna().all()


def test_day_that_the_station_lacks_is_filled_by_the_grid(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with serving(site()) as served:
        given = load_weather(store, START, END, providers=[ncei(served), open_meteo(served)])
    assert given == {"ncei": 2, "open-meteo": 1}
    assert read_weather(store, START, END)["TMAX"].tolist() == [38.0, 40.0, 40.0]


def test_second_provider_is_not_asked_without_need(tmp_path: Path) -> None:
    first = dt.date(2025, 1, 10)
    with serving(site()) as served:
        assert load_weather(
            FolderStore(tmp_path), first, first, providers=[ncei(served), open_meteo(served)]
        ) == {"ncei": 1}


@pytest.mark.parametrize(
    "answer", [b"<html>maintenance</html>", b'{"error": true, "reason": "daily limit"}', b"[]"]
)
def test_other_answers_are_refused(answer: bytes) -> None:
    with serving(Site({"/archive": answer, "/ncei": answer})) as served:
        with pytest.raises(WebError, match="does not answer with"):
            open_meteo(served).daily(START, END)
        with pytest.raises(InputError, match=r"cannot be read|no hourly|lacks"):
            ncei(served).daily(START, END)


def test_empty_answer_names_the_period() -> None:
    with (
        serving(Site({"/ncei": b"\n"})) as served,
        pytest.raises(DataError, match="2025-01-10 and 2025-01-12"),
    ):
        ncei(served).daily(START, END)


def test_published_forecasts_keep_their_issue_time(real_data: Path) -> None:
    folder = real_data / "nyc/weather_forecast"
    forecasts = pd.read_parquet(folder / "nyc_openmeteo_hourly_forecasts_asof.parquet")
    hours = hours_of("forecasts", RawTable(forecasts)).frame
    assert hours["issued_at"].min() == pd.Timestamp("2023-12-01 05:00", tz="UTC")
    observed = pd.read_parquet(folder / "nyc_openmeteo_hourly_observed.parquet")
    assert hours_of("observed", RawTable(observed)).frame["issued_at"].isna().all()


def test_newest_issue_of_each_day_ahead_is_taken(real_data: Path) -> None:
    path = real_data / "nyc/weather_forecast/nyc_openmeteo_hourly_forecasts_asof.parquet"
    raw = pd.read_parquet(path)
    days, issued_at = newest_forecast(
        hours_of("forecasts", RawTable(raw[raw["issue_date"] <= "2025-03-09"])).frame
    )
    assert days["DATE"].min() == pd.Timestamp("2025-03-09")
    assert len(days) >= 8
    assert issued_at == pd.Timestamp("2025-03-09 05:00", tz="UTC")
    expected = raw[(raw["issue_date"] == "2025-03-09") & (raw["slot"] == "early")]
    of_tuesday = expected[pd.to_datetime(expected["time"]).dt.normalize() == "2025-03-11"]
    assert days.set_index("DATE").loc["2025-03-11", "TMAX"] == pytest.approx(
        of_tuesday["temperature_2m"].max(), abs=0.01
    )


def test_days_of_an_older_issue_fill_what_a_newer_one_does_not_reach() -> None:
    def issue(at: str, first: str, days: int, temperature: float) -> pd.DataFrame:
        hours = pd.date_range(first, periods=24 * days, freq="h").astype("datetime64[s]")
        values = {"temperature": temperature, "rain": 0.0, "snowfall": 0.0, "wind": 5.0}
        return pd.DataFrame({"timestamp": hours, "issued_at": pd.Timestamp(at, tz="UTC"), **values})

    early = issue("2025-01-10 05:00", "2025-01-10", 3, 30.0)
    late = issue("2025-01-11 04:00", "2025-01-10", 1, 40.0)
    days, issued_at = newest_forecast(pd.concat([late, early]))
    assert days["TMAX"].tolist() == [40.0, 30.0, 30.0]
    assert issued_at == pd.Timestamp("2025-01-10 05:00", tz="UTC")


def test_forecast_without_a_whole_day_is_refused() -> None:
    with serving(site()) as served:
        hours = open_meteo(served).forecast(3).head(10)
    with pytest.raises(InputError, match="no forecast has a whole day"):
        newest_forecast(hours)


def test_without_a_network_an_outlook_asks_for_a_file() -> None:
    nobody = OpenMeteo(
        forecast_url="http://127.0.0.1:9/", patience=Patience(attempts=1, longest_wait_s=0.01, timeout_s=5)
    )
    with pytest.raises(WebError, match=r"give a file of forecasts: `bikecast outlook forecasts\.parquet`"):
        nobody.forecast(9)
