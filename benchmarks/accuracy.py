"""Out-of-sample errors on the real data: trained on 2024, judged on 2025-01-01..03-31, once.

    BIKECAST_REAL_DATA=folder python -m benchmarks.accuracy

Rows: baselines, the predecessor's features, our model without bias correction, and ours with it at the age of
the youngest count that it may use; at last the same with forecasts of that age in place of observed weather.
Hyperparameters are the starts of ``search.toml``; nothing is chosen on the judged months.
"""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from xgboost import XGBRegressor

from benchmarks.real_data import read_year
from bikecast.arrays import Array, Mask
from bikecast.evaluation.scores import Scores
from bikecast.families import Fitted
from bikecast.tabular.frames import RawTable
from use_cases.citibike.model.backtest import Sample, blended, out_of_fold, with_level
from use_cases.citibike.model.baselines import baseline_forecasts
from use_cases.citibike.model.intervals import IntervalCalibration
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.metrics import score
from use_cases.citibike.model.task import HIDDEN_COLUMNS
from use_cases.citibike.segments import masks
from use_cases.citibike.steps.train import calibrate_interval, fit_blend, fit_final, fit_one
from use_cases.citibike.training.dataset import COLUMNS, WEATHER, to_sample
from use_cases.citibike.training.judgement import Calibration, Forecasts, challenger_forecasts
from use_cases.citibike.training.search import SEARCH_FILE, load_hourly_search
from use_cases.citibike.weather.hourly import daily_from_hourly, hours_of

SEED = 42
FORECASTS = "nyc/weather_forecast/nyc_openmeteo_hourly_forecasts_asof.parquet"
TEST_START = np.datetime64("2025-01-01", "s")


def main() -> None:
    """Fit, judge and print; with ``--rivals`` the rivals instead."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", action="store_true", help="forecast a week by every method, over a year")
    parser.add_argument("--chronos", metavar="FOLDER", help="weights of Chronos, to be among the rivals")
    chosen = parser.parse_args()
    if chosen.rivals:
        from benchmarks.rivals import compare  # its libraries are in an environment of their own

        compare(chosen.chronos)
        return
    folder = os.environ.get("BIKECAST_REAL_DATA")
    if folder is None:
        sys.exit(
            "BIKECAST_REAL_DATA must name the folder of the real data; without it there is nothing to judge"
        )
    frame = pd.concat([read_year(Path(folder), year) for year in (2024, 2025)], ignore_index=True)
    frame = frame[frame["timestamp"] < "2025-04-01"]
    everything = to_sample(frame)
    judged = everything.hours >= TEST_START
    test = everything.take(judged)
    print(f"{test.hours.size} hours judged, mean {test.actual.mean():.0f} trips an hour")
    naive = baseline_forecasts(everything.hours, everything.actual, hours=test.hours)
    for name, predicted in naive.items():
        show(name.replace("_", " "), score(test.hours, test.actual, predicted=predicted))
    show("predecessor's features, XGBoost", judge_predecessor(frame, judged, test))
    ours = fit_ours(everything.take(~judged))
    judge_ours(ours, test)
    issued = pd.read_parquet(
        Path(folder) / "nyc/weather_forecast/nyc_openmeteo_hourly_forecasts_asof.parquet"
    )
    judge_ahead(ours, frame[judged], issued)


def judge_predecessor(frame: pd.DataFrame, judged: Mask, test: Sample) -> Scores:
    """Fit XGBoost on cyclical clock and calendar, holiday and three weather values."""
    stamps = frame["timestamp"].dt
    week = stamps.isocalendar().week.astype(float)
    phases = {
        "hour": (stamps.hour, 24),
        "day": (stamps.dayofweek, 7),
        "week": (week, 52),
        "month": (stamps.month, 12),
    }
    columns = [
        wave(2 * np.pi * np.asarray(values, dtype=float) / period)
        for values, period in phases.values()
        for wave in (np.sin, np.cos)
    ]
    matrix = np.column_stack([*columns, *(frame[name] for name in ("holiday", "TMAX", "TMIN", "SNOW"))])
    model = XGBRegressor(n_estimators=600, max_depth=6, learning_rate=0.05, n_jobs=1, random_state=SEED)
    model.fit(matrix[~judged], frame["trips"][~judged])
    return score(test.hours, test.actual, predicted=model.predict(matrix[judged]).astype(float))


@dataclass(frozen=True)
class Ours:
    """Our model, fitted as the steps do, and what its level and interval are calibrated on."""

    model: Fitted
    train: Sample
    predicted: Array
    interval: IntervalCalibration
    level: LevelState

    def forecasts(self, test: Sample, *, horizon_hours: int) -> Forecasts:
        """Return predictions at the level of the youngest day that is known so long before."""
        state = self.level.model_copy(update={"horizon_hours": horizon_hours})
        level = with_level(self.train, self.predicted, state=state)[1]
        calibration = Calibration(level=level, interval=self.interval, cv_rmse=0)
        return challenger_forecasts(test, self.model.predict(test.features), calibration=calibration)


def fit_ours(train: Sample) -> Ours:
    """Fit at the known-good starts of the search space."""
    search = load_hourly_search(SEARCH_FILE)
    params = {name: family.start for name, family in search.families.items()}
    folds = search.folds(train.hours)
    rolling = {
        name: out_of_fold(train, fit_one(name, found, seed=SEED), folds) for name, found in params.items()
    }
    predicted = blended(rolling, list(params))
    interval, _ = calibrate_interval(train, predicted, fit_blend(params, seed=SEED), search=search, seed=SEED)
    model = fit_final(train, params, seed=SEED)
    return Ours(model, train, predicted, interval, search.level.state())


def judge_ours(ours: Ours, test: Sample) -> None:
    """Print the scores by horizon, by segment, and without optional weather."""
    stateless = ours.model.predict(test.features)
    show("ours, stateless", score(test.hours, test.actual, predicted=stateless))
    for horizon in (24, 168, 744):
        show(f"ours with level, {horizon} h", ours.forecasts(test, horizon_hours=horizon).scores(test))
    bare = test.features.copy()
    bare[:, HIDDEN_COLUMNS] = np.nan
    lacking = Sample(test.hours, bare, test.actual)
    show("  at 168 h, only TMAX TMIN SNOW", ours.forecasts(lacking, horizon_hours=168).scores(test))
    week_ahead = ours.forecasts(test, horizon_hours=168)
    for name, rows in masks(test.features, test.hours).items():
        show(f"  at 168 h: {name}", week_ahead.scores(test, rows))


def judge_ahead(ours: Ours, frame: pd.DataFrame, issued: pd.DataFrame) -> None:
    """Print the scores with weather as it was forecast then: what ``/forecast`` would have said."""
    for days in (1, 7):
        sample = to_sample(with_forecasts(frame, issued, days=days))
        ahead = ours.forecasts(sample, horizon_hours=24 * days)
        show(f"ours, weather as issued {24 * days} h before", ahead.scores(sample))


def with_forecasts(frame: pd.DataFrame, issued: pd.DataFrame, *, days: int) -> pd.DataFrame:
    """Return hours with the weather that was issued at midnight ``days`` days before theirs."""
    lead = issued["time"].dt.normalize() - issued["issue_date"]
    chosen = issued[(issued["slot"] == "early") & (lead == pd.Timedelta(days=days))]
    weather = daily_from_hourly(hours_of("forecasts", RawTable(chosen)).frame).rename(columns={"DATE": "day"})
    bare = frame.drop(columns=list(WEATHER)).assign(day=frame["timestamp"].dt.normalize())
    return bare.merge(weather, on="day").reindex(columns=list(COLUMNS))


def show(name: str, scores: Scores) -> None:
    """Print one line."""
    found = scores.values
    coverage = "" if scores.coverage is None else f"  in the 90 % interval {scores.coverage:.1%}"
    print(
        f"{name:36s} RMSE {found['rmse']:5.0f}  MAE {found['mae']:5.0f}  WAPE {found['wape']:5.1%}"
        f"  R2 {found['r2']:.3f}  bias {found['bias']:+.1%}{coverage}"
    )


if __name__ == "__main__":
    main()
