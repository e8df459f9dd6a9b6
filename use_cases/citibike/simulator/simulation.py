"""A simulated publisher: months of trip files and the weather beside them, in one call."""

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bikecast.errors import InputError
from bikecast.names import SIMULATED_MARKER
from use_cases.citibike.simulator.climate import reported, simulate_climate
from use_cases.citibike.simulator.demand import expected_trips, is_holiday
from use_cases.citibike.simulator.files import MILLISECONDS_SINCE, write_month
from use_cases.citibike.simulator.hours import MOST_LEAD_DAYS, issued_hours, measured_hours
from use_cases.citibike.simulator.options import DEMO_SCALE, Shift, Trap
from use_cases.citibike.simulator.rides import Rides, doubled_hours, draw_rides
from use_cases.citibike.wall_time import wall_hours

WEATHER_NAME = "weather/simulated-weather.csv"
HOURS_NAME = "weather/simulated-hours.csv"
ISSUES_NAME = "weather/simulated-forecasts.parquet"
_STATION = "USW00014732"
_MINUTE = np.timedelta64(60, "s")


@dataclass(frozen=True)
class Simulation:
    """What was written: ``folder`` has the layout of ``raw/`` in the data bucket."""

    folder: Path
    files: tuple[Path, ...]
    rows: int


@dataclass(frozen=True)
class _Plan:
    start: dt.date
    end: dt.date
    seed: int
    scale: float
    traps: frozenset[Trap]
    shift: Shift | None


def simulate(
    out: Path,
    start: dt.date,
    end: dt.date,
    *,
    seed: int = 42,
    scale: float = DEMO_SCALE,
    traps: Collection[Trap] = tuple(Trap),
    shift: Shift | None = None,
    hourly_weather: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Simulation:
    """Write the trip files of the months from ``start`` to ``end``, the weather and the marker.

    The same arguments write the same rides; a longer period repeats the shorter one's.

    Args:
        out: Folder, made if absent; files of the same name are replaced.
        start: First day with rides.
        end: Last day with rides.
        seed: >= 0.
        scale: Share of New York's riders, in (0, 2].
        traps: Quirks of the published files to reproduce.
        shift: A lasting change to detect.
        hourly_weather: Write the weather of every hour too, as it was and as it was forecast.
        progress: Called with the name of each file when it is written.
    Raises:
        InputError: An argument is out of range.
    """
    plan = _checked(_Plan(start, end, seed, scale, frozenset(traps), shift))
    climate = simulate_climate(end, seed=seed, shift=shift)
    (out / "weather").mkdir(parents=True, exist_ok=True)
    _write_marker(out, plan)
    _write_weather(out / WEATHER_NAME, _reported_between(climate, shift, start=start, end=end))
    if hourly_weather:
        _write_hours(out, plan)
    files, rows = [], 0
    for month, rides in _published(plan, climate):
        files.append(write_month(out, month, rides, traps=plan.traps))
        rows += len(rides)
        if progress is not None:
            progress(files[-1].name)
    return Simulation(folder=out, files=tuple(files), rows=rows)


def simulate_tables(
    start: dt.date, end: dt.date, *, seed: int = 42, scale: float = DEMO_SCALE, shift: Shift | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the hourly and the weather table of a simulation without writing a file.

    The counts have the mean and the spread of the files' counts, but are other draws.

    Raises:
        InputError: An argument is out of range.
    """
    _checked(_Plan(start, end, seed, scale, frozenset(), shift))
    climate = simulate_climate(end, seed=seed, shift=shift)
    hours = wall_hours(start, end)
    expected = scale * expected_trips(hours, climate, seed=seed, shift=shift)
    rng = np.random.default_rng([seed, start.toordinal()])
    trips = rng.poisson(expected * (1 + doubled_hours(hours)))
    days = hours.normalize()
    hourly = pd.DataFrame({"date": days, "hour": hours.hour, "trips": trips, "holiday": is_holiday(days)})
    return hourly.astype({"holiday": np.int64}), _reported_between(climate, shift, start=start, end=end)


def _reported_between(
    climate: pd.DataFrame, shift: Shift | None, *, start: dt.date, end: dt.date
) -> pd.DataFrame:
    seen = reported(climate, shift)
    return seen[seen["DATE"].between(pd.Timestamp(start), pd.Timestamp(end))].reset_index(drop=True)


def _checked(plan: _Plan) -> _Plan:
    if plan.end < plan.start:
        raise InputError(f"`start <= end` must hold, but got (start={plan.start}, end={plan.end})")
    if not 0 < plan.scale <= 2:
        raise InputError(f"`0 < scale <= 2` must hold, but got (scale={plan.scale})")
    if plan.seed < 0:
        raise InputError(f"`seed >= 0` must hold, but got (seed={plan.seed})")
    return plan


def _published(plan: _Plan, climate: pd.DataFrame) -> Iterator[tuple[dt.date, Rides]]:
    """Yield each month's file: rides that started in it, or since milliseconds came, ended in it."""
    carried: Rides | None = None
    for month in pd.period_range(plan.start, plan.end, freq="M"):
        first = month.start_time.date()
        rides = _ridden(plan, climate, month)
        if first < MILLISECONDS_SINCE:
            carried = None
            yield first, rides
            continue
        if carried is None:
            carried = _last_hours(plan, climate, month - 1)
        pool = carried.joined(rides)
        late = pool.end >= month.end_time.to_datetime64()
        carried = pool.select(late)
        yield first, pool.select(~late & (abs(pool.end - pool.start) >= _MINUTE))


def _ridden(plan: _Plan, climate: pd.DataFrame, month: pd.Period) -> Rides:
    hours = wall_hours(month.start_time.date(), month.end_time.date())
    known = hours[hours < pd.Timestamp(plan.end) + pd.Timedelta(days=1)]
    expected = np.zeros(len(hours))
    mean = expected_trips(known, climate, seed=plan.seed, shift=plan.shift)
    expected[: len(known)] = plan.scale * mean * (1 + doubled_hours(known))
    rides = draw_rides(hours, expected, seed=plan.seed, traps=plan.traps, shift=plan.shift)
    return rides.select(rides.start >= np.datetime64(plan.start))


def _last_hours(plan: _Plan, climate: pd.DataFrame, month: pd.Period) -> Rides:
    """Rides of the month before the first file that end in it: the leak that by-end files begin with."""
    earlier = replace(plan, start=month.start_time.date(), end=month.end_time.date())
    rides = _ridden(earlier, climate, month)
    return rides.select(rides.end >= (month + 1).start_time.to_datetime64())


def _write_marker(out: Path, plan: _Plan) -> None:
    shown = asdict(plan) | {"simulated": True, "traps": sorted(plan.traps)}
    (out / SIMULATED_MARKER).write_text(json.dumps(shown, default=str, indent=2) + "\n")


def _write_hours(out: Path, plan: _Plan) -> None:
    ahead = simulate_climate(plan.end + dt.timedelta(days=MOST_LEAD_DAYS), seed=plan.seed, shift=plan.shift)
    measured = measured_hours(ahead, plan.start, plan.end, seed=plan.seed)
    measured.to_csv(out / HOURS_NAME, index=False)
    issued_hours(ahead, plan.start, plan.end, seed=plan.seed).to_parquet(out / ISSUES_NAME, index=False)


def _write_weather(path: Path, weather: pd.DataFrame) -> None:
    table = weather.assign(DATE=weather["DATE"].dt.strftime("%Y-%m-%d"))
    table.insert(0, "STATION", _STATION)
    table.to_csv(path, index=False, quoting=1)
