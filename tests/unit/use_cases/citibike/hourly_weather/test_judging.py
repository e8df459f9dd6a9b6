"""Which leads hourly weather answers."""

import numpy as np

from bikecast.evaluation.scores import Scores
from use_cases.citibike.hourly_weather.learning.judging import NOISE, leads_that_serve
from use_cases.citibike.model.metrics import score

HOURS = np.datetime64("2025-01-01", "s") + np.arange(48) * np.timedelta64(3600, "s")
ACTUAL = np.tile([500.0, 600.0, 700.0], 16)
SIGNS = np.tile([1.0, -1.0], 24)


def erring_by(trips: float) -> Scores:
    return score(HOURS, ACTUAL, predicted=ACTUAL + trips * SIGNS)


def test_the_days_values_answer_only_where_they_are_better_beyond_noise() -> None:
    by_day = dict.fromkeys((-1.0, 0.0, 7.0), erring_by(100))
    within, beyond = 100 * (1 + NOISE) - 1, 100 * (1 + NOISE) + 1
    hourly = {-1.0: erring_by(50), 0.0: erring_by(within), 7.0: erring_by(beyond)}
    assert leads_that_serve(hourly, by_day) == (-1, 0)
