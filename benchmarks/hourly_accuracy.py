"""Errors by lead time with hourly weather: trained on 2024, judged on 2025-01-01..03-31, once.

    BIKECAST_REAL_DATA=folder python -m benchmarks.hourly_accuracy --keep folder

The model learns from weather as it was observed and as it was forecast, each forecast by its age; a judged
hour sees nothing that was issued later. Beside it the model of the day's values, by the same forecasts. With
``--keep`` each fit is kept in a folder and a run that was interrupted goes on; after a change of the model it
needs another folder.
"""

import os
import pickle
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy import TEST_START, Ours, fit_ours, show
from benchmarks.real_data import read_year
from bikecast.arrays import Array, Mask, Matrix
from bikecast.families import Fitted
from bikecast.tabular.frames import RawTable
from use_cases.citibike.hourly_weather.features import HourlyRows
from use_cases.citibike.hourly_weather.learning.fitting import HourlyFit, calibrated, out_of_fold, state_after
from use_cases.citibike.hourly_weather.learning.judging import judge_leads
from use_cases.citibike.hourly_weather.path import HourlyCalibration, lead_name
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.hourly_weather.table import HourlyWeather, normalised
from use_cases.citibike.model.backtest import FOLDS_AT_ONCE, Sample
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.metrics import score
from use_cases.citibike.training.dataset import to_sample
from use_cases.citibike.training.search import SEARCH_FILE, load_hourly_search
from use_cases.citibike.weather.hourly import hours_of

SEED = 42
OBSERVED = "nyc/weather_forecast/nyc_openmeteo_hourly_observed.parquet"
FORECASTS = "nyc/weather_forecast/nyc_openmeteo_hourly_forecasts_asof.parquet"


@dataclass(frozen=True)
class Learnt:
    """Both models, and what the one of hourly weather says of hours that it did not learn from."""

    hourly: Fitted
    by_day: Ours
    left_out: Array
    rolling: Array


def main() -> None:
    """Fit, judge and print, with demand known 24 hours and a week before."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="where to keep what was fitted")
    keep = parser.parse_args().keep
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is None:
        sys.exit("BIKECAST_REAL_DATA must name the folder of the real data")
    frame = pd.concat([read_year(Path(folder), year) for year in (2024, 2025)], ignore_index=True)
    everything = to_sample(frame[frame["timestamp"] < "2025-04-01"])
    rows = lead_rows(everything, read_weather(Path(folder)))
    judged = everything.hours >= TEST_START
    train, known = everything.take(~judged), rows.within(~judged)
    learnt, state = learn(train, known, keep=keep), load_hourly_search(SEARCH_FILE).level.hourly_state()
    for what, stateless in (("blocks", learnt.left_out), ("rolling", learnt.rolling)):
        show_inside(f"2024, {what}", train, known, stateless=stateless, state=state)
    for horizon in (24, 168):
        at_age = state.model_copy(update={"horizon_hours": horizon})
        calibration = calibrated(
            train, known, out_of_fold=learnt.left_out, rolling=learnt.rolling, state=at_age
        )
        show_judged(learnt, calibration, everything.take(judged), of_part(rows, judged))


def learn(train: Sample, rows: HourlyRows, *, keep: Path | None) -> Learnt:
    """Fit both models, and the hourly one again for every fold."""
    search = load_hourly_search(SEARCH_FILE)
    fit = HourlyFit(search.hourly, seed=SEED)
    folds = {f"block {fold.number}": fold for fold in search.calibration.folds_of(train.hours)}
    folds |= {f"origin {fold.number}": fold for fold in search.folds(train.hours)}
    fits: dict[str, Callable[[], Any]] = {
        name: partial(out_of_fold, train, rows, fit, [fold]) for name, fold in folds.items()
    }
    fits |= {"hourly": partial(fit, train, rows), "by day": partial(fit_ours, train)}
    with ThreadPoolExecutor(FOLDS_AT_ONCE) as pool:  # the libraries fit on one thread and let others run
        made = dict(zip(fits, pool.map(partial(kept, keep), fits, fits.values()), strict=True))
    left_out, rolling = (
        merged([made[name] for name in folds if name.startswith(what)]) for what in ("block", "origin")
    )
    return Learnt(made["hourly"], made["by day"], left_out, rolling)


def show_judged(learnt: Learnt, calibration: HourlyCalibration, test: Sample, rows: HourlyRows) -> None:
    """Print the scores on the judged months by lead."""
    horizon = calibration.level.horizon_hours
    scores = judge_leads(
        test,
        rows,
        learnt.hourly.predict,
        calibration=calibration,
        by_day=by_day(learnt.by_day, test, horizon),
    )
    print(f"demand known {horizon} h before; leads that serve: {scores.serving}")
    for what, table in (("hourly", scores.hourly), ("wet hours", scores.wet), ("by day", scores.by_day)):
        for lead, each in table.items():
            show(f"{what}, {lead}", each)


def kept(folder: Path | None, name: str, make: Callable[[], Any]) -> Any:
    """Return what an earlier run kept by this name; make and keep it if there is none."""
    if folder is None:
        return make()
    path = folder / f"{name}.pickle"
    if path.exists():
        return pickle.loads(path.read_bytes())
    folder.mkdir(parents=True, exist_ok=True)
    found = make()
    partly = path.with_suffix(".part")
    partly.write_bytes(pickle.dumps(found))
    partly.rename(path)
    return found


def merged(parts: Sequence[Array]) -> Array:
    """Return the predictions of all folds; NaN for rows in none."""
    known = np.isfinite(parts).any(axis=0)
    return np.where(known, np.nan_to_num(parts).sum(axis=0), np.nan)


def show_inside(what: str, train: Sample, rows: HourlyRows, *, stateless: Array, state: LevelState) -> None:
    """Print the errors by lead of predictions that did not see their day, with demand known a week before."""
    known = np.isfinite(stateless)
    part, values = rows.take(known), stateless[known]
    factors = state_after(train, part, values, state=state).factors(train.hours)[part.place]
    for lead in np.unique(part.lead).tolist():
        place, inside = part.place[part.lead == lead], part.lead == lead
        found = score(train.hours[place], train.actual[place], predicted=(values * factors)[inside])
        show(f"{what}, {lead_name(lead)}", found)


def read_weather(folder: Path) -> HourlyWeather:
    """Return the real hourly weather as the loader takes it."""
    tables = [
        normalised(hours_of(name, RawTable(pd.read_parquet(folder / name))).frame)
        for name in (OBSERVED, FORECASTS)
    ]
    return HourlyWeather(*tables)


def of_part(rows: HourlyRows, part: Mask) -> HourlyRows:
    """Return the rows of a part of the sample, their places counted from its start."""
    inside = rows.within(part)
    return HourlyRows((np.cumsum(part) - 1)[inside.place], inside.features)


def by_day(ours: Ours, test: Sample, horizon_hours: int) -> Callable[[Matrix], Forecast]:
    """Return the model of the day's values as a function of features."""

    def forecast(features: Matrix) -> Forecast:
        found = ours.forecasts(Sample(test.hours, features, test.actual), horizon_hours=horizon_hours)
        return Forecast(found.values, found.low, found.high)

    return forecast


if __name__ == "__main__":
    main()
