"""Errors by lead time with hourly weather: trained on 2024, judged on 2025-01-01..03-31, once.

    BIKECAST_REAL_DATA=folder python -m benchmarks.hourly_accuracy

The model learns from weather as it was observed and as it was forecast, each forecast by its age; a judged
hour sees nothing that was issued later. Beside it the model of the day's values, by the same forecasts.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.accuracy import TEST_START, Ours, fit_ours, show
from benchmarks.real_data import read_year
from bikecast.arrays import Array, Mask, Matrix
from bikecast.tabular.frames import RawTable
from use_cases.citibike.hourly_weather.features import HourlyRows
from use_cases.citibike.hourly_weather.learning.fitting import HourlyFit, calibrated, out_of_fold, state_after
from use_cases.citibike.hourly_weather.learning.judging import judge_leads
from use_cases.citibike.hourly_weather.path import lead_name
from use_cases.citibike.hourly_weather.rows import lead_rows
from use_cases.citibike.hourly_weather.table import HourlyWeather, normalised
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.metrics import score
from use_cases.citibike.training.dataset import to_sample
from use_cases.citibike.training.search import SEARCH_FILE, load_hourly_search
from use_cases.citibike.weather.hourly import hours_of

SEED = 42
OBSERVED = "nyc/weather_forecast/nyc_openmeteo_hourly_observed.parquet"
FORECASTS = "nyc/weather_forecast/nyc_openmeteo_hourly_forecasts_asof.parquet"


def main() -> None:
    """Fit, judge and print, with demand known 24 hours and a week before."""
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is None:
        sys.exit("BIKECAST_REAL_DATA must name the folder of the real data")
    frame = pd.concat([read_year(Path(folder), year) for year in (2024, 2025)], ignore_index=True)
    everything = to_sample(frame[frame["timestamp"] < "2025-04-01"])
    rows = lead_rows(everything, read_weather(Path(folder)))
    judged = everything.hours >= TEST_START
    train, test = everything.take(~judged), everything.take(judged)
    search = load_hourly_search(SEARCH_FILE)
    fit = HourlyFit(search.hourly, seed=SEED)
    learnt = rows.within(~judged)
    with ThreadPoolExecutor(2) as pool:  # the libraries fit on one thread and let others run
        whole, by_days = pool.submit(fit, train, learnt), pool.submit(fit_ours, train)
        left_out = out_of_fold(train, learnt, fit, search.calibration.folds_of(train.hours))
        rolling = out_of_fold(train, learnt, fit, search.folds(train.hours))
        fitted, ours = whole.result(), by_days.result()
    for what, stateless in (("blocks", left_out), ("rolling", rolling)):
        show_inside(f"2024, {what}", train, learnt, stateless=stateless, state=search.level.state())
    for horizon in (24, 168):
        state = search.level.state().model_copy(update={"horizon_hours": horizon})
        scores = judge_leads(
            test,
            of_part(rows, judged),
            fitted.predict,
            calibration=calibrated(train, learnt, out_of_fold=left_out, rolling=rolling, state=state),
            by_day=by_day(ours, test, horizon),
        )
        print(f"demand known {horizon} h before; leads that serve: {scores.serving}")
        for what, table in (("hourly", scores.hourly), ("wet hours", scores.wet), ("by day", scores.by_day)):
            for lead, each in table.items():
                show(f"{what}, {lead}", each)


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
