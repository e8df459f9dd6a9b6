"""A model of the day's weather in the week after the clocks changed in spring."""

import datetime as dt

import numpy as np
import xgboost

from use_cases.citibike.features import build_features
from use_cases.citibike.simulator import simulate_tables
from use_cases.citibike.tables.hourly import join_weather

CHANGE, DAY_AFTER, END = np.datetime64("2025-03-09"), np.datetime64("2025-03-10"), dt.date(2025, 3, 16)


def test_predictions_keep_to_the_clock_after_it_changed_in_spring() -> None:
    """That week of seed 42 errs more than others: a day's weather does not tell at which hours it rained."""
    frame = join_weather(*simulate_tables(dt.date(2024, 1, 1), END, seed=42))
    hours, trips = frame["timestamp"].to_numpy(), frame["trips"].to_numpy()
    matrix = build_features(
        hours, {name: frame[name].to_numpy() for name in ("TMAX", "TMIN", "SNOW", "PRCP")}
    )
    known, judged = hours < CHANGE, hours >= DAY_AFTER
    settings = {"max_depth": 6, "eta": 0.2, "nthread": 1}
    model = xgboost.train(settings, xgboost.DMatrix(matrix[known], trips[known]), 60)
    predicted = model.predict(xgboost.DMatrix(matrix[judged])).reshape(7, 24)
    actual = trips[judged].reshape(7, 24)
    alike = {
        lag: np.corrcoef(np.roll(actual, lag, axis=1).ravel(), predicted.ravel())[0, 1] for lag in (-1, 0, 1)
    }
    assert max(alike, key=alike.__getitem__) == 0
    assert alike[0] > 0.85, alike
