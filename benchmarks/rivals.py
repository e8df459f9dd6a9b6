"""Our forecast of the next week beside what else there is, from seven origins over a whole year.

    BIKECAST_REAL_DATA=folder python -m benchmarks.accuracy --rivals [--chronos FOLDER]

It needs the group `rivals` of pyproject.toml in an environment of its own, beside the locked one:

    uv venv .rivals && uv pip install --python .rivals -r requirements.lock --group rivals

Every eight weeks each method learns from all that came before and forecasts 168 hours, by the weather as it
was forecast at that midnight. Forecasts are kept in `.build/rivals`, so that a run that was stopped goes on.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.hourly_accuracy import read_weather
from benchmarks.real_data import read_year
from benchmarks.rival_frames import REGRESSORS, Known
from benchmarks.rival_methods import METHODS, chronos
from bikecast.arrays import Array
from use_cases.citibike.hourly_weather.features import OBSERVED, POSITION, HourlyRows
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.training.dataset import to_sample

FIRST_ORIGIN, ORIGINS, EVERY_WEEKS = pd.Timestamp("2024-04-01"), 7, 8
WEEK_HOURS = 168
QUANTILES = (0.05, 0.5, 0.95)
DRAWS = 2000
KEPT = Path(".build/rivals")
OURS = "ours"


def compare(chronos_folder: str | None) -> None:
    """Forecast by every method from every origin, and print the table."""
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is None:
        sys.exit("BIKECAST_REAL_DATA must name the folder of the real data")
    frame = pd.concat([read_year(Path(folder), year) for year in (2024, 2025)], ignore_index=True)
    sample = to_sample(frame[frame["timestamp"] < "2025-04-01"])
    rows = lead_rows(sample, read_weather(Path(folder)))
    methods = dict(METHODS)
    if chronos_folder is None:
        print("Chronos: skipped, no folder of weights is named (--chronos FOLDER)")
    else:
        methods["Chronos"] = chronos(chronos_folder)
    KEPT.mkdir(parents=True, exist_ok=True)
    origins = [FIRST_ORIGIN + pd.Timedelta(weeks=EVERY_WEEKS * number) for number in range(ORIGINS)]
    work = [(name, origin) for name in methods for origin in origins]

    def run(task: tuple[str, pd.Timestamp]) -> pd.DataFrame:
        name, origin = task
        path = KEPT / f"{name.replace(' ', '_').replace('/', '_')}-{origin:%Y%m%d}.parquet"
        if not path.exists():
            known, judged = known_at(sample, rows, origin)
            forecast = methods[name](known)
            _framed(forecast, known, judged, name).to_parquet(path)
            print(f"{name} from {origin:%Y-%m-%d}", file=sys.stderr, flush=True)
        return pd.read_parquet(path)

    with ThreadPoolExecutor(2) as pool:
        report(pd.concat(pool.map(run, work), ignore_index=True))


def known_at(sample: Sample, rows: HourlyRows, origin: pd.Timestamp) -> tuple[Known, Array]:
    """Return what can be known at an origin, and what came in the week after it."""
    midnight = origin.to_datetime64()
    ahead = (sample.hours >= midnight) & (sample.hours < midnight + np.timedelta64(WEEK_HOURS, "h"))
    days = (sample.hours.astype("datetime64[D]") - midnight.astype("datetime64[D]")).astype(np.int64)
    past = rows.within(sample.hours < midnight)
    issue = rows.take(ahead[rows.place] & (rows.lead == days[rows.place]))
    measured = past.take(past.lead == OBSERVED)
    history = _series(sample, measured).assign(y=sample.actual[measured.place])
    known = Known(sample.take(sample.hours < midnight), past, history, _series(sample, issue), issue.features)
    return known, sample.actual[issue.place]


def _series(sample: Sample, rows: HourlyRows) -> pd.DataFrame:
    columns = {name: rows.features[:, POSITION[name]].astype(float) for name in REGRESSORS}
    return pd.DataFrame({"unique_id": "trips", "ds": sample.hours[rows.place], **columns})


def _framed(forecast: Forecast, known: Known, actual: Array, name: str) -> pd.DataFrame:
    weekly = known.history.set_index("ds")["y"]
    scale = (weekly - weekly.shift(WEEK_HOURS)).abs().mean()
    parts = {"low": forecast.low, "predicted": forecast.values, "high": forecast.high}
    return pd.DataFrame({"method": name, "ds": known.future["ds"], "actual": actual, **parts, "scale": scale})


def report(found: pd.DataFrame) -> None:
    """Print a line for each method, the best first."""
    parts = {str(name): part.reset_index(drop=True) for name, part in found.groupby("method")}
    ours = parts[OURS]
    for name, part in sorted(parts.items(), key=lambda item: _rmse(item[1])):
        error = (part["predicted"] - part["actual"]).abs()
        low, high = difference(part, ours)
        covered = ((part["low"] <= part["actual"]) & (part["actual"] <= part["high"])).mean()
        print(
            f"| {name} | {_rmse(part):,.0f} | {error.sum() / part['actual'].sum():.1%} "
            f"| {(error / part['scale']).mean():.2f} | {_quantile_loss(part)} "
            f"| {'' if part['low'].isna().any() else f'{covered:.1%}'} "
            f"| {'' if name == OURS else f'{low:+.0%} to {high:+.0%}'} |"
        )


def difference(part: pd.DataFrame, ours: pd.DataFrame) -> tuple[float, float]:
    """Return the 95 % interval of how much larger a method's RMSE is than ours: paired bootstrap of days."""
    day = part["ds"].dt.normalize().factorize()[0]
    count = np.bincount(day)
    squared = [np.bincount(day, (each["predicted"] - each["actual"]) ** 2) for each in (part, ours)]
    generator = np.random.default_rng(42)
    draws = generator.integers(0, count.size, (DRAWS, count.size))
    theirs, mine = (np.sqrt(errors[draws].sum(axis=1) / count[draws].sum(axis=1)) for errors in squared)
    low, high = np.quantile(theirs / mine - 1, (0.025, 0.975))
    return float(low), float(high)


def _rmse(part: pd.DataFrame) -> float:
    return float(np.sqrt(((part["predicted"] - part["actual"]) ** 2).mean()))


def _quantile_loss(part: pd.DataFrame) -> str:
    """Return the weighted quantile loss: twice the pinball loss over the sum of trips, mean of quantiles."""
    if part["low"].isna().any():
        return ""
    losses = [
        2 * np.maximum(quantile * missed, (quantile - 1) * missed).sum() / part["actual"].sum()
        for quantile, missed in _missed(part)
    ]
    return f"{float(np.mean(losses)):.3f}"


def _missed(part: pd.DataFrame) -> Iterator[tuple[float, Array]]:
    for quantile, name in zip(QUANTILES, ("low", "predicted", "high"), strict=True):
        yield quantile, (part["actual"] - part[name]).to_numpy()
