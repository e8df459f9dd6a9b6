"""Single rides drawn around the expected demand; each month is a stream of its own, so any period repeats."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bikecast.names import TIME_ZONE
from use_cases.citibike.simulator import calibration
from use_cases.citibike.simulator.options import Shift, ShiftKind, Trap

Floats = NDArray[np.float64]

STATIONS = 400
NO_STATION = -1
_STREAM = 303


@dataclass(frozen=True)
class Rides:
    """Columns of rides, one entry a ride; times are New York wall time."""

    identity: NDArray[np.uint64]
    start: NDArray[np.datetime64]
    end: NDArray[np.datetime64]
    electric: NDArray[np.bool_]
    member: NDArray[np.bool_]
    start_station: NDArray[np.int64]
    end_station: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.identity)

    def select(self, keep: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Rides":
        """Return the rides that an index or mask names."""
        return Rides(**{name: values[keep] for name, values in vars(self).items()})

    def joined(self, other: "Rides") -> "Rides":
        """Return these rides and then the other ones."""
        columns = vars(other)
        return Rides(**{name: np.concatenate([mine, columns[name]]) for name, mine in vars(self).items()})


def draw_rides(
    hours: pd.DatetimeIndex,
    expected: Floats,
    *,
    seed: int,
    traps: Collection[Trap],
    shift: Shift | None = None,
) -> Rides:
    """Draw one month's rides.

    Args:
        hours: Wall-clock hours of one whole month.
        expected: Mean rides of each hour that a reader keeps, already thinned to the scale wanted.
        seed: Together with the month it fixes every ride.
        traps: What is wrong with the rides.
        shift: Only the rider mix matters here.
    """
    rng = np.random.default_rng([seed, _STREAM, hours[0].year, hours[0].month])
    drawn = expected / (1 - calibration.SHARE_OVER_60_MIN)
    counts = rng.poisson(drawn * rng.gamma(300.0, 1 / 300.0, len(hours)))
    start = np.repeat(hours.to_numpy(), counts).astype("datetime64[ms]")
    total = len(start)
    start = start + rng.integers(0, 3_600_000, total).astype("timedelta64[ms]")
    end = _ends(start, _durations(rng.random(total), traps), second_time=rng.random(total) < 0.5, traps=traps)
    stations = _popular_stations(rng.random((total, 2)))
    lost = (rng.random(total) < calibration.MISSING_END_SHARE) & (Trap.MISSING_ENDS in traps)
    return Rides(
        identity=_identities(total, seed=seed, month=hours[0].year * 12 + hours[0].month),
        start=start,
        end=end,
        electric=rng.random(total) < calibration.ELECTRIC_SHARE,
        member=rng.random(total) < _member_share(start, shift),
        start_station=stations[:, 0],
        end_station=np.where(lost, NO_STATION, stations[:, 1]),
    )


def doubled_hours(hours: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Tell which wall-clock hours stand for two hours: the one that autumn repeats."""
    every = np.ones(len(hours), dtype=bool)
    return np.asarray(_instants(hours, summer=every) != _instants(hours, summer=~every))


def _durations(share: Floats, traps: Collection[Trap]) -> NDArray[np.timedelta64]:
    minutes = np.exp(np.interp(share, calibration.DURATION_SHARES, np.log(calibration.DURATION_MINUTES)))
    if Trap.SHORT_RIDES not in traps:
        minutes = np.maximum(minutes, 1.0)
    if Trap.LONG_RIDES not in traps:
        minutes = np.minimum(minutes, 59.9)
    milliseconds: NDArray[np.timedelta64] = (minutes * 60_000).astype("timedelta64[ms]")
    return milliseconds


def _ends(
    start: NDArray[np.datetime64],
    duration: NDArray[np.timedelta64],
    *,
    second_time: NDArray[np.bool_],
    traps: Collection[Trap],
) -> NDArray[np.datetime64]:
    if Trap.CLOCK_CHANGE not in traps:
        return start + duration
    clock = _instants(pd.DatetimeIndex(start), summer=~second_time)
    return (clock + pd.TimedeltaIndex(duration)).tz_localize(None).to_numpy().astype("datetime64[ms]")


def _instants(wall: pd.DatetimeIndex, *, summer: NDArray[np.bool_]) -> pd.DatetimeIndex:
    return wall.tz_localize(TIME_ZONE, ambiguous=summer, nonexistent="shift_forward")


def _member_share(start: NDArray[np.datetime64], shift: Shift | None) -> Floats:
    usual = np.full(len(start), calibration.MEMBER_SHARE)
    if shift is None or shift.kind is not ShiftKind.RIDER_MIX:
        return usual
    fewer = usual * (1 - 0.5 * min(abs(shift.strength), 1.9))
    return np.where(start >= np.datetime64(shift.start), fewer, usual)


def _popular_stations(share: Floats) -> NDArray[np.int64]:
    # The busiest fifth of the stations sees about half of the rides.
    return np.minimum((share**2.2 * STATIONS).astype(np.int64), STATIONS - 1)


def _identities(total: int, *, seed: int, month: int) -> NDArray[np.uint64]:
    """Return distinct numbers that look random: a counter through the finalizer of SplitMix64.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    """
    first = (np.uint64(seed % 2**16) << np.uint64(48)) + (np.uint64(month) << np.uint64(32))
    mixed = first + np.arange(total, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
