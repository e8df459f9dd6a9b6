"""Simulated rides in the publisher's thirteen columns, with its quirks; for the demo and for tests."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bikecast.arrays import Array, Ints, Mask
from bikecast.examples.sources import mark_simulated
from use_cases.ride_duration.features import distance_km

MONTHS = ("2021-01", "2021-02")
RIDES = 6_000
_STATIONS = 300
_KM_AN_HOUR = {"classic_bike": 11.5, "electric_bike": 15.0, "docked_bike": 8.5}


def simulate(folder: Path, *, seed: int = 42) -> None:
    """Write one zip a month; the same seed writes the same rides.

    A tenth of the rides have no station; some take less than a minute or more than a day, or end before
    they begin.

    Args:
        folder: Made if absent.
        seed: >= 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark_simulated(folder, seed=seed, months=MONTHS, rides_a_month=RIDES)
    for number, month in enumerate(MONTHS):
        stem = f"{month.replace('-', '')}-capitalbikeshare-tripdata"
        with zipfile.ZipFile(folder / f"{stem}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            body = rides(month, RIDES, seed=seed + number).to_csv(index=False)
            archive.writestr(zipfile.ZipInfo(f"{stem}.csv"), body, zipfile.ZIP_DEFLATED)
            archive.writestr(zipfile.ZipInfo(f"__MACOSX/._{stem}.csv"), b"\x00\x05\x16\x07")


def rides(month: str, count: int, *, seed: int) -> pd.DataFrame:
    """Return rides of a month as the publisher writes them."""
    rng = np.random.default_rng([seed, count])
    started = _starts(month, count, rng)
    bike = rng.choice(np.asarray(list(_KM_AN_HOUR), dtype=object), count, p=[0.68, 0.27, 0.05])
    member = rng.random(count) < np.where(started.dayofweek < 5, 0.72, 0.55)
    start, end = _places(count, rng)
    lat, lng = _stations()
    places = {"start_lat": lat[start], "start_lng": lng[start], "end_lat": lat[end], "end_lng": lng[end]}
    minutes = _minutes(distance_km(places), bike=bike, member=member, started=started, rng=rng)
    frame = pd.DataFrame(
        {
            "ride_id": [f"{number:016X}" for number in rng.integers(2**40, 2**62, count)],
            "rideable_type": bike,
            "started_at": started,
            "ended_at": started + pd.to_timedelta((60 * minutes).round(), unit="s"),
            "start_station_name": [f"Station {number}" for number in start],
            "start_station_id": 31_000 + start,
            "end_station_name": [f"Station {number}" for number in end],
            "end_station_id": 31_000 + end,
            **{name: values.round(6) for name, values in places.items()},
            "member_casual": np.where(member, "member", "casual"),
        }
    )
    return _with_quirks(frame, rng)


def _starts(month: str, count: int, rng: np.random.Generator) -> pd.DatetimeIndex:
    first = pd.Timestamp(month)
    days = rng.integers(0, first.days_in_month, count)
    hour = np.where(rng.random(count) < 0.35, rng.normal(8.5, 1.2, count), rng.normal(16, 3.2, count))
    seconds = (86_400 * days + 3_600 * np.clip(hour, 0, 23.99)).astype(np.int64)
    return first + pd.to_timedelta(np.sort(seconds), unit="s")


def _places(count: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    start, end = rng.integers(0, _STATIONS, count), rng.integers(0, _STATIONS, count)
    return start, np.where(rng.random(count) < 0.08, start, end)


def _stations() -> tuple[Array, Array]:
    number = np.arange(_STATIONS)
    turn, radius = number * 2.399963, np.sqrt(number / _STATIONS)  # the golden angle spreads points evenly
    return 38.905 + 0.035 * radius * np.sin(turn), -77.03 + 0.045 * radius * np.cos(turn)


def _minutes(km: Array, *, bike: Array, member: Mask, started: Any, rng: np.random.Generator) -> Array:
    """Return minutes: distance by speed, dawdling casual riders, and rounds that end where they began."""
    speed = np.vectorize(_KM_AN_HOUR.__getitem__, otypes=[float])(bike) * np.where(member, 1.0, 0.8)
    busy = np.where((started.hour >= 16) & (started.hour < 19) & (started.dayofweek < 5), 1.25, 1.0)
    leisure = np.where((started.dayofweek >= 5) & ~member, 1.3, 1.0)
    direct = 1.3 * km / speed * 60 * busy * leisure + 1.5
    round_trip = rng.gamma(2.0, np.where(member, 9.0, 18.0))
    spread = np.exp(rng.normal(0, np.where(member, 0.18, 0.3)))
    minutes: Array = np.where(km < 0.05, round_trip, direct * spread)
    return minutes


def _with_quirks(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    lost = rng.random(len(frame)) < 0.1
    frame.loc[lost, ["end_station_name", "end_station_id"]] = None
    frame.loc[rng.random(len(frame)) < 0.002, ["end_lat", "end_lng"]] = None
    odd = rng.permutation(len(frame))
    for rows, seconds in ((odd[:110], 30), (odd[110:118], 90_000), (odd[118:120], -400)):
        frame.loc[rows, "ended_at"] = frame.loc[rows, "started_at"] + pd.Timedelta(seconds=seconds)
    return frame
