"""Simulated months in the city's schema, with its quirks; for the demo and for tests."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bikecast.arrays import Array, Ints, Mask
from bikecast.examples.sources import mark_simulated
from use_cases.green_taxi.inputs import DROPOFF, PICKUP

MONTHS = ("2021-01", "2021-02", "2021-03", "2021-04", "2021-05")
RIDES = 4_000
_WITHOUT_PAYMENT = 0.45
_ZONES = np.array([74, 75, 41, 42, 95, 82, 166, 97, 7, 244, 129, 116, 181, 65, 25, 92, 130, 260, 223, 43])
_SURCHARGE = 2.75


def simulate(folder: Path, *, seed: int = 42) -> None:
    """Write one parquet file a month; the same seed writes the same rides.

    Nearly half of the rows lack payment, codes and surcharges; a few pickups lie in other years or months,
    a few fares are refunds, and the widths of the integers change from month to month.

    Args:
        folder: Made if absent.
        seed: >= 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark_simulated(folder, seed=seed, months=MONTHS, rides_a_month=RIDES)
    for number, month in enumerate(MONTHS):
        table = pa.Table.from_pandas(_month(month, seed=seed + number), preserve_index=False)
        pq.write_table(_other_widths(table, number), folder / f"green_tripdata_{month}.parquet")


def rides(month: str, count: int, *, seed: int) -> pd.DataFrame:
    """Return rides of a month that were paid, as the city publishes them."""
    rng = np.random.default_rng([seed, count])
    first, end = pd.Timestamp(month), pd.Timestamp(month) + pd.offsets.MonthBegin()
    days = rng.integers(0, (end - first).days, count)
    hour = np.clip(rng.normal(14, 4.5, count), 0, 23.99)
    started = (first + pd.to_timedelta(days * 24 + hour, unit="h")).floor("s")
    miles = np.clip(rng.gamma(1.6, 1.7, count), 0.05, 40).round(2)
    minutes = np.clip(miles * rng.normal(4.6, 0.9, count) + rng.gamma(2, 1.5, count), 0.5, 180)
    start = rng.choice(len(_ZONES), count, p=_shares())
    finish = rng.choice(len(_ZONES), count, p=_shares())
    dispatched = rng.random(count) < 0.04
    fare = np.where(dispatched, 12 + miles * 2, 2.5 + 0.5 * np.floor(5 * miles) + 0.25 * minutes)
    cash = rng.random(count) < _share_of_cash(start, finish, miles=miles, hour=hour, dispatched=dispatched)
    surcharge = np.where(rng.random(count) < 0.24, _SURCHARGE, 0.0)
    return pd.DataFrame(
        {
            "VendorID": rng.choice([1, 2], count, p=[0.16, 0.84]),
            PICKUP: started,
            DROPOFF: started + pd.to_timedelta((60 * minutes).round(), unit="s"),
            "store_and_fwd_flag": "N",
            "RatecodeID": np.where(dispatched, 5.0, 1.0),
            "PULocationID": _ZONES[start],
            "DOLocationID": _ZONES[finish],
            "passenger_count": rng.choice([1.0, 2, 3, 5, 6], count, p=[0.88, 0.07, 0.01, 0.03, 0.01]),
            "trip_distance": miles,
            "fare_amount": fare.round(1),
            "extra": np.where(hour >= 20, 0.5, np.where((hour >= 16) & (days % 7 < 5), 1.0, 0.0)),
            "mta_tax": np.where(dispatched, 0.0, 0.5),
            "tip_amount": np.where(cash, 0.0, (fare * 0.18).round(2)),
            "tolls_amount": np.where((miles > 8) & (rng.random(count) < 0.2), 6.12, 0.0),
            "ehail_fee": None,
            "improvement_surcharge": 0.3,
            "total_amount": (fare + surcharge + 0.8).round(2),
            "payment_type": np.where(cash, 2.0, np.where(rng.random(count) < 0.99, 1.0, 3.0)),
            "trip_type": np.where(dispatched, 2.0, 1.0),
            "congestion_surcharge": surcharge,
        }
    )


def _month(month: str, *, seed: int) -> pd.DataFrame:
    unpaid = rides(month, round(RIDES * _WITHOUT_PAYMENT / (1 - _WITHOUT_PAYMENT)), seed=seed + 1_000)
    codes = ["RatecodeID", "passenger_count", "payment_type", "trip_type", "congestion_surcharge"]
    unpaid[codes] = np.nan
    paid = rides(month, RIDES, seed=seed)
    strays = paid.head(3).assign(**{PICKUP: _strays(month), DROPOFF: _strays(month) + pd.Timedelta("9min")})
    refunds = paid.iloc[10:22].assign(fare_amount=lambda rows: -rows["fare_amount"])
    still = paid.iloc[30:38].assign(trip_distance=0.0)
    return pd.concat([paid, strays, refunds, still, unpaid]).sort_values(PICKUP, ignore_index=True)


def _strays(month: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(
        ["2009-01-01 00:03:25", "2008-12-31 23:05:14", pd.Timestamp(month) + pd.offsets.MonthBegin()]
    )


def _share_of_cash(start: Ints, finish: Ints, *, miles: Array, hour: Array, dispatched: Mask) -> Array:
    """Return the probability of cash: it depends on the zones most, then on distance and hour."""
    score = (
        1.5 * np.sin(start * 2.4)
        + 0.8 * np.sin(finish * 1.7)
        - 0.25 * (miles - 2.7)
        + 0.05 * (hour - 14)
        - 0.55
    )
    share: Array = 1 / (1 + np.exp(-np.where(dispatched, score + 1.2, score)))
    return share


def _shares() -> Array:
    weights = 1 / (np.arange(len(_ZONES)) + 3.0)
    shares: Array = weights / weights.sum()
    return shares


def _other_widths(table: pa.Table, number: int) -> pa.Table:
    """Cast the integers as the city's exporters have done from one month to another."""
    width = pa.int32() if number % 2 else pa.int64()
    for name in ("VendorID", "PULocationID", "DOLocationID"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(width))
    if number % 2:
        place = table.column_names.index("payment_type")
        table = table.set_column(place, "payment_type", table["payment_type"].cast(pa.int64()))
    return table
