"""Every export of NOAA's and Open-Meteo's that people have, told apart by content, in the units it means."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bikecast.errors import InputError
from bikecast.storage import FolderStore
from use_cases.citibike.keys import FORECAST_PREFIX
from use_cases.citibike.tables.hourly import read_weather
from use_cases.citibike.weather.files import load_weather_files, read_weather_file

NOW = dt.datetime(2024, 9, 1, 12, tzinfo=dt.UTC)
HOURS = pd.date_range("2024-07-01", periods=24 * 7, freq="h")
# As warm as July is, warmest at three in the afternoon.
FAHRENHEIT = 80 + 8 * np.cos((HOURS.hour.to_numpy() - 15) / 24 * 2 * np.pi)
FACTS = (
    "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n"
    "40.77,-73.87,5.0,{},{},{}\n\n"
)
IMPERIAL = ("°F", "inch", "inch", "ft", "mp/h")
METRIC = ("°C", "mm", "cm", "m", "km/h")


def hours_in(
    units: tuple[str, ...] | None, *, times: pd.DatetimeIndex = HOURS, header: bool = True
) -> pd.DataFrame:
    """Return hours: half an inch of rain and 2.4 inches of snow a day, an inch of it deep, wind of 10 mph."""
    is_metric = units == METRIC
    rain, snow = np.where(times.hour < 12, 0.05, 0.001), np.full(len(times), 0.1)
    values = {
        "temperature_2m": (FAHRENHEIT - 32) / 1.8 if is_metric else FAHRENHEIT,
        "rain": rain * 25.4 if is_metric else rain,
        "snowfall": snow * 2.54 if is_metric else snow,
        "snow_depth": np.full(len(times), 0.0254 if is_metric else 1 / 12),
        "wind_speed_10m": np.full(len(times), 16.09344 if is_metric else 10.0),
    }
    names = (
        [f"{name} ({unit})" for name, unit in zip(values, units, strict=True)] if header and units else values
    )
    return pd.DataFrame(dict(zip(names, values.values(), strict=True))).assign(
        time=times.strftime("%Y-%m-%dT%H:%M")
    )[["time", *names]]


def site_csv(units: tuple[str, ...], *, offset_s: int = -14_400, times: pd.DatetimeIndex = HOURS) -> bytes:
    facts = FACTS.format(offset_s, "America/New_York", "GMT-4")
    return (facts + hours_in(units, times=times).to_csv(index=False)).encode()


def api_json(units: tuple[str, ...], *, unix: bool = False) -> bytes:
    table = hours_in(units, header=False, times=HOURS)
    utc = (HOURS + pd.Timedelta(hours=4)).tz_localize("UTC")
    times = utc.as_unit("s").astype("int64").tolist() if unix else table["time"].tolist()
    stated = {"time": "unixtime" if unix else "iso8601", **dict(zip(table.columns[1:], units, strict=True))}
    hourly = {"time": times, **{name: table[name].round(4).tolist() for name in table.columns[1:]}}
    answer = {
        "utc_offset_seconds": -14_400,
        "timezone": "America/New_York",
        "hourly_units": stated,
        "hourly": hourly,
    }
    return json.dumps(answer).encode()


def python_csv() -> bytes:
    """As the service's own example for Python writes it: UTC with its offset, an index in front."""
    table = hours_in(None).assign(date=(HOURS + pd.Timedelta(hours=4)).tz_localize("UTC").astype(str))
    return table.drop(columns="time")[["date", *table.columns[1:-1]]].to_csv().encode()


def spreadsheet(body: bytes) -> bytes:
    """Replace the separator and the decimal point as a German spreadsheet does."""
    return body.replace(b",", b";").replace(b".", b",")


@pytest.mark.parametrize(
    "body",
    [
        site_csv(IMPERIAL),
        site_csv(METRIC),
        site_csv(METRIC, offset_s=0, times=HOURS + pd.Timedelta(hours=4)),
        hours_in(METRIC).to_csv(index=False).encode(),
        hours_in(IMPERIAL).to_csv(index=False).replace("_2m", "2m").encode().replace(b"2m", b"_2m"),
        b"\xef\xbb\xbf" + site_csv(METRIC).replace(b"\n", b"\r\n"),
        spreadsheet(hours_in(METRIC).round(4).to_csv(index=False).encode()),
        api_json(IMPERIAL),
        api_json(METRIC),
        api_json(METRIC, unix=True),
        b"[" + api_json(METRIC) + b"]",
        python_csv(),
        site_csv(IMPERIAL) + b"\ntime,temperature_2m_max (\xc2\xb0F)\n2024-07-01,99\n",
    ],
    ids=[
        "site", "site-metric", "site-gmt", "header-cut-metric", "header-cut", "windows", "german", "json",
        "json-metric", "json-unix", "json-list", "python", "site-with-days",
    ],
)  # fmt: skip
def test_hours_become_the_same_days_from_every_export(body: bytes) -> None:
    days = read_weather_file("export", body).frame
    assert days["DATE"].dt.day.tolist()[-1] in (6, 7)
    first = days.iloc[0]
    assert first[["TMAX", "TMIN", "SNOW", "AWND", "SNWD"]].tolist() == pytest.approx(
        [88, 72, 2.4, 10, 1], abs=0.02
    )
    assert first["PRCP"] == pytest.approx(0.61, abs=0.02)


def test_a_series_is_written_at_the_offset_of_its_request() -> None:
    january = pd.date_range("2024-01-01", periods=24 * 7, freq="h")
    body = site_csv(IMPERIAL, offset_s=-14_400, times=january)
    assert read_weather_file("a.csv", body).frame["DATE"].dt.day.tolist() == [1, 2, 3, 4, 5, 6, 7]
    hours = site_csv(IMPERIAL, offset_s=-10_800, times=january)
    assert read_weather_file("a.csv", hours).frame["DATE"].dt.day.tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (hours_in(None).assign(rain=lambda t: t["rain"].round(2) * 25.4), "rain would be 1.27 inch"),
        (hours_in(None).assign(rain=lambda t: t["rain"] * 25.4), "rain would be 15.5 inch on 2024-07-01"),
        (hours_in(None).assign(snowfall=2.0), "snow would be 48"),
        (hours_in(None, times=HOURS + pd.Timedelta(hours=4)), "not New York's"),
        (hours_in(METRIC, header=False), "metric units"),
        (
            hours_in(IMPERIAL).rename(columns={"rain (inch)": "rain (furlong)"}),
            "'furlong', which is not a known unit",
        ),
        (hours_in(None).drop(columns="rain"), "lacks the hourly columns .'rain'"),
        (hours_in(None).assign(rain="wet"), "rain holds 'wet'"),
        (hours_in(None).assign(time="soon"), "the time 'soon' cannot be read"),
    ],
)
def test_hours_that_state_no_unit_or_zone_must_be_plausible(table: pd.DataFrame, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_weather_file("hours.csv", table.to_csv(index=False).encode())


def test_a_mean_wind_beyond_every_month_is_in_other_units() -> None:
    days = pd.DataFrame(
        {"DATE": pd.date_range("2024-07-01", periods=25).astype(str), "TMAX": 85, "TMIN": 70, "SNOW": 0}
    )
    with pytest.raises(InputError, match=r"wind would be 24\.5 mph on average"):
        read_weather_file("a.csv", days.assign(AWND=24.5).to_csv(index=False).encode())


def noaa(**columns: Any) -> bytes:
    table = pd.DataFrame(
        {
            "STATION": "USW00014732",
            "DATE": pd.date_range("2024-01-01", periods=30).astype(str),
            "TMAX": 40,
            "TMIN": 28,
        }
        | {"SNOW": 0.0, "PRCP": 0.1, "AWND": 8.0}
    )
    return table.assign(**columns).to_csv(index=False).encode()


def test_trace_and_missing_mean_what_noaa_means() -> None:
    marks = ["T", "M", "-9999", "0.5", ""] * 6
    found = read_weather_file("9100001.csv", noaa(PRCP=marks, SNOW=["T", "1.2", "0.0"] * 10))
    assert len(found.frame) == 30
    assert found.frame["PRCP"].tolist()[:5] == pytest.approx([0, np.nan, np.nan, 0.5, np.nan], nan_ok=True)
    assert found.frame["SNOW"].tolist()[:3] == [0, 1.2, 0]


def test_days_that_are_left_out_are_named() -> None:
    found = read_weather_file("a.csv", noaa(SNOW=["-9999", *["0.0"] * 29]))
    assert len(found.frame) == 29
    assert found.notes == ("1 days lack SNOW and are left out: 2024-01-01",)


def test_snow_is_not_missing_on_a_warm_day() -> None:
    found = read_weather_file(
        "a.csv",
        noaa(
            DATE=pd.date_range("2013-07-01", periods=30).strftime("%Y%m%d"),
            TMAX=85,
            TMIN=70,
            SNOW=["-9999", *["0.0"] * 29],
        ),
    )
    assert found.frame["SNOW"].tolist() == [0.0] * 30
    assert "SNOW is missing on 1 days" in found.notes[0]


@pytest.mark.parametrize("written", ["%Y%m%d", "%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y", "%Y-%m-%dT%H:%M:%S"])
def test_dates_are_read_in_every_spelling(written: str) -> None:
    dates = pd.date_range("2024-01-01", periods=30).strftime(written)
    found = read_weather_file("a.csv", noaa(DATE=dates)).frame
    assert found["DATE"].tolist() == pd.date_range("2024-01-01", periods=30).tolist()


@pytest.mark.parametrize("month", [1, 2, 4, 7, 10])
def test_tenths_of_celsius_are_converted(month: int) -> None:
    highs = dict(zip((1, 2, 4, 7, 10), (39.5, 42.2, 61.8, 85.3, 65.2), strict=True))
    high = highs[month] + 6 * np.sin(np.arange(28))
    table = pd.DataFrame(
        {
            "STATION": "USW00014732",
            "DATE": pd.date_range(f"2023-{month:02d}-01", periods=28).astype(str),
            "TMAX": ((high - 32) / 1.8 * 10).round().astype(int),
            "TMAX_ATTRIBUTES": ",,W",
            "TMIN": ((high - 46) / 1.8 * 10).round().astype(int),
            "SNOW": 51, "PRCP": 254, "AWND": 45,
        }
    )  # fmt: skip
    found = read_weather_file("ghcnd", table.to_csv(index=False).encode())
    assert found.frame["TMAX"].to_numpy() == pytest.approx(high, abs=0.1)
    assert list(found.frame.loc[0, ["SNOW", "PRCP", "AWND"]]) == pytest.approx([2.01, 1.0, 10.07])
    assert "tenths of °C" in found.notes[0]


def test_units_in_a_daily_file_are_used() -> None:
    body = noaa(TMAX=4.0, TMIN=-2.0, PRCP=2.54).replace(b"TMAX", b"TMAX (Degrees Celsius)", 1)
    body = body.replace(b"TMIN", b"TMIN (Degrees Celsius)", 1).replace(b"PRCP", b"PRCP (Millimeters)", 1)
    first = read_weather_file("a.csv", body).frame.iloc[0]
    assert first[["TMAX", "TMIN", "PRCP"]].tolist() == pytest.approx([39.2, 28.4, 0.1])


def test_noaas_hourly_product_gives_its_days() -> None:
    lcd = (
        "STATION,DATE,REPORT_TYPE,HourlyDryBulbTemperature,DailyMaximumDryBulbTemperature,"
        "DailyMinimumDryBulbTemperature,DailySnowfall,DailyPrecipitation,DailyAverageWindSpeed\n"
        "72503014732,2024-01-01T00:51:00,FM-15,40,,,,,\n"
        "72503014732,2024-01-01T23:59:00,SOD  ,,44,34,T,0.05s,9.1\n"
    )
    (day,) = read_weather_file("lcd.csv", lcd.encode()).frame.to_dict("records")
    assert (day["DATE"].day, day["TMAX"], day["TMIN"], day["SNOW"], day["PRCP"]) == (1, 44, 34, 0, 0.05)


def test_a_later_file_without_rain_and_wind_keeps_what_is_known(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/1.csv", noaa())
    load_weather_files(store, now=NOW)
    store.write("raw/weather/2.csv", b"DATE,TMAX,TMIN,SNOW\n2024-01-30,41,31,0.0\n2024-01-31,41,31,0.0\n")
    load = load_weather_files(store, ["raw/weather/2.csv"], now=NOW)
    table = read_weather(store, dt.date(2024, 1, 1), dt.date(2024, 1, 31)).set_index("DATE")
    assert table["AWND"].tolist()[:30] == [8.0] * 30
    assert list(table.loc["2024-01-30", ["TMAX", "PRCP"]]) == [41, 0.1]
    assert load.notes == {
        "weather table": ("1 days have other values than what was known, which they replace: 2024-01-30",)
    }


def test_a_station_goes_before_hours_of_a_grid_whatever_their_names(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/z-grid.csv", site_csv(IMPERIAL))
    store.write("raw/weather/a-station.csv", b"DATE,TMAX,TMIN,SNOW\n2024-07-01,90,75,0.0\n")
    load = load_weather_files(store, now=NOW)
    table = read_weather(store, dt.date(2024, 7, 1), dt.date(2024, 7, 7))
    assert (table["TMAX"].iloc[0], table["AWND"].iloc[0], len(table)) == (90, 10, 7)
    assert "1 days have other values" in load.notes["raw/weather/a-station.csv"][0]


def test_days_ahead_are_never_observed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/export.csv", site_csv(IMPERIAL))
    on_the_third = dt.datetime(2024, 7, 3, 15, tzinfo=dt.UTC)
    load = load_weather_files(store, now=on_the_third)
    assert (load.days, load.problems) == (2, {})
    assert "2024-07-03..2024-07-07 were not over" in load.notes["raw/weather/export.csv"][-1]
    # What was a forecast when it came is one for good; a new export of these days is not.
    assert load_weather_files(store, now=NOW).days == 2
    store.write("raw/weather/export.csv", site_csv(METRIC))
    assert load_weather_files(store, now=NOW).days == 7


def test_a_file_of_days_ahead_is_listed_as_a_forecast(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("raw/weather/ahead.csv", site_csv(IMPERIAL))
    store.write(f"{FORECAST_PREFIX}given.csv", site_csv(IMPERIAL))
    load = load_weather_files(store, now=dt.datetime(2024, 7, 1, 5, tzinfo=dt.UTC))
    assert (load.days, load.forecasts) == (0, ("raw/weather/ahead.csv", f"{FORECAST_PREFIX}given.csv"))
    assert load_weather_files(store, now=NOW).forecasts == load.forecasts


def twice(table: pd.DataFrame, **changes: Any) -> bytes:
    return pd.concat([table, table.assign(**changes)]).to_csv(index=False).encode()


def test_an_hour_that_is_there_twice_counts_once() -> None:
    once = read_weather_file("a.csv", hours_in(IMPERIAL).to_csv(index=False).encode()).frame
    again = read_weather_file("a.csv", twice(hours_in(IMPERIAL))).frame
    pd.testing.assert_frame_equal(again, once)


def test_two_places_in_one_file_are_refused() -> None:
    with pytest.raises(InputError, match="has the hour 2024-07-01T00:00 twice with different values"):
        read_weather_file("a.csv", twice(hours_in(IMPERIAL), **{"rain (inch)": 0.2}))


def test_only_the_hour_that_autumn_repeats_may_have_two_values() -> None:
    clocks = pd.date_range("2024-11-01", periods=len(HOURS), freq="h", tz="America/New_York").tz_localize(
        None
    )
    table = hours_in(IMPERIAL, times=clocks).assign(**{"rain (inch)": np.arange(len(HOURS)) / 1000})
    days = read_weather_file("a.csv", table.to_csv(index=False).encode()).frame.set_index("DATE")
    assert days.loc["2024-11-03", "PRCP"] == pytest.approx(sum(range(48, 73)) / 1000, abs=0.01)


@pytest.mark.parametrize("between", ["\n", ",,,,,,\n", " \n\n", "header", "\nheader"])
def test_a_blank_line_or_a_header_again_ends_no_table(between: str) -> None:
    lines = noaa().decode().splitlines(keepends=True)
    body = "".join([*lines[:15], between.replace("header", lines[0]), *lines[15:]])
    assert len(read_weather_file("a.csv", body.encode()).frame) == 30


def test_two_tables_with_different_columns_are_refused() -> None:
    with pytest.raises(InputError, match="two tables with different columns: save each as its own file"):
        read_weather_file("a.csv", noaa() + b"\n" + noaa(SNWD=1.0))


@pytest.mark.parametrize(
    "dates",
    [
        pd.date_range("2024-03-01", periods=30, tz="America/New_York"),
        pd.date_range("2024-03-01", periods=30, tz="America/New_York").tz_convert("UTC"),
        pd.date_range("2024-03-01", periods=30, tz="UTC"),
    ],
    ids=["new-york", "new-york-in-utc", "utc"],
)
def test_instants_are_the_days_that_they_begin(dates: pd.DatetimeIndex, tmp_path: Path) -> None:
    table = pd.DataFrame({"DATE": dates, "TMAX": 50.0, "TMIN": 38.0, "SNOW": 0.0})
    table.to_parquet(tmp_path / "a.parquet")
    for body in (table.to_csv(index=False).encode(), (tmp_path / "a.parquet").read_bytes()):
        found = read_weather_file("a", body).frame
        assert found["DATE"].tolist() == pd.date_range("2024-03-01", periods=30).tolist()


def test_an_instant_that_begins_no_day_is_refused() -> None:
    with pytest.raises(InputError, match="'2024-01-01 09:00:00-05:00' cannot be read: write dates as"):
        read_weather_file("a.csv", noaa(DATE=pd.date_range("2024-01-01 09:00", periods=30, tz="Etc/GMT+5")))


@pytest.mark.parametrize(("high", "low"), [(5.0, -2.0), (0.0, -7.0)])
def test_a_few_days_in_celsius_are_refused(high: float, low: float) -> None:
    few = b"".join(noaa(TMAX=high, TMIN=low).splitlines(keepends=True)[:4])
    with pytest.raises(InputError, match="seems to be in metric units"):
        read_weather_file("a.csv", few)


def test_a_few_days_of_record_cold_are_taken() -> None:
    cold = b"".join(noaa(TMAX=13.0, TMIN=6.0).splitlines(keepends=True)[:4])
    assert read_weather_file("a.csv", cold).frame["TMAX"].tolist() == [13.0] * 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"hourly":{"time":' + b"[" * 100_000 + b"]" * 100_000 + b"}}", "not valid JSON"),
        (api_json(METRIC).replace(b'"rain": [', b'"rain": 1, "drizzle": ['), "of different lengths"),
        (api_json(METRIC).replace(b"-14400", b'"EST"'), "utc_offset_seconds is 'EST'"),
        (api_json(METRIC, unix=True).replace(b"[1719806400,", b'["soon",'), "not a number of seconds"),
        (noaa().decode().encode("utf-16-le"), "holds zero bytes: save it as CSV in UTF-8"),
    ],
    ids=["deep", "number-for-a-list", "offset", "unix-time", "no-byte-order-mark"],
)
def test_a_damaged_file_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_weather_file("a", body)
