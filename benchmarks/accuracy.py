"""Errors on the honest split of the real data: trained on 2024, judged on 2025-01-01..03-31, once.

    BIKECAST_REAL_DATA=folder python -m benchmarks.accuracy

Rows: what anybody could say, the predecessor's features honestly judged, our stateless model, and ours at its
level with the age of the youngest count that it may use. Hyperparameters are the starts of ``search.toml``;
nothing is chosen on the judged months.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.real_data import read_year
from bikecast.arrays import Mask
from bikecast.backtest import Sample, blended, out_of_fold, with_level
from bikecast.baselines import baseline_forecasts
from bikecast.families.spare import HIDDEN_COLUMNS
from bikecast.level import LevelState
from bikecast.manifest import Scores
from bikecast.metrics import score
from bikecast.segments import masks
from training_job.context import SEARCH_FILE
from training_job.dataset import to_sample
from training_job.judgement import Calibration, challenger_forecasts
from training_job.search import load_search
from training_job.steps.train import calibrate_interval, fit_blend, fit_final, fit_one

SEED = 42
TEST_START = np.datetime64("2025-01-01", "s")


def main() -> None:
    """Fit, judge and print."""
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
    judge_ours(everything.take(~judged), test)


def judge_predecessor(frame: pd.DataFrame, judged: Mask, test: Sample) -> Scores:
    """Fit XGBoost on cyclical clock and calendar, holiday and three weather values."""
    from xgboost import XGBRegressor

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


def judge_ours(train: Sample, test: Sample) -> None:
    """Fit as the steps do, and print the scores by horizon, by segment, and without optional weather."""
    search = load_search(SEARCH_FILE)
    params = {name: family.start for name, family in search.families.items()}
    folds = search.folds(train.hours)
    rolling = {
        name: out_of_fold(train, fit_one(name, found, seed=SEED), folds) for name, found in params.items()
    }
    predicted = blended(rolling, list(params))
    model = fit_final(train, params, seed=SEED)
    interval, _ = calibrate_interval(train, predicted, fit_blend(params, seed=SEED), search=search, seed=SEED)
    stateless = model.predict(test.features)
    show("ours, stateless", score(test.hours, test.actual, predicted=stateless))
    for horizon in (24, 168, 744):
        state = LevelState(half_life_days=search.level.half_life_days, horizon_hours=horizon)
        calibration = Calibration(
            level=with_level(train, predicted, state=state)[1], interval=interval, cv_rmse=0
        )
        forecasts = challenger_forecasts(test, stateless, calibration=calibration)
        show(f"ours with level, {horizon} h", forecasts.scores(test))
        if horizon == search.level.horizon_hours:
            by_segment = {
                name: forecasts.scores(test, rows) for name, rows in masks(test.features, test.hours).items()
            }
            bare = test.features.copy()
            bare[:, HIDDEN_COLUMNS] = np.nan
            lacking = Sample(test.hours, bare, test.actual)
            poor = challenger_forecasts(lacking, model.predict(bare), calibration=calibration).scores(test)
    show("  at 168 h, only TMAX TMIN SNOW", poor)
    for name, scores in by_segment.items():
        show(f"  at 168 h: {name}", scores)


def show(name: str, scores: Scores) -> None:
    """Print one line."""
    coverage = "" if scores.coverage is None else f"  in the 90 % interval {scores.coverage:.1%}"
    print(
        f"{name:36s} RMSE {scores.rmse:5.0f}  MAE {scores.mae:5.0f}  WAPE {scores.wape:5.1%}"
        f"  R2 {scores.r2:.3f}  bias {scores.bias:+.1%}{coverage}"
    )


if __name__ == "__main__":
    main()
