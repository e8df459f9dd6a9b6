"""Intervals by lead: they cover what they promise on hours like those they were calibrated on."""

import numpy as np
import pytest

from bikecast.arrays import Array, Hours, Matrix
from bikecast.errors import JudgementError
from use_cases.citibike.hourly_weather.features import NAMES, POSITION
from use_cases.citibike.hourly_weather.intervals import calibrate, wet

LEADS = (np.nan, 0.0, 7.0)


def made_up(days: int, *, seed: int) -> tuple[Matrix, Array]:
    """Return feature rows at three leads and actual trips around 100, farther apart with lead and rain."""
    generator = np.random.default_rng(seed)
    matrix = np.zeros((days * 24 * len(LEADS), len(NAMES)), dtype=np.float32)
    matrix[:, POSITION["hour"]] = np.tile(np.arange(24), days * len(LEADS))
    matrix[:, POSITION["lead_days"]] = np.repeat(LEADS, days * 24)
    matrix[:, POSITION["rain"]] = np.where(generator.random(len(matrix)) < 0.3, 0.1, 0)
    spread = 0.05 + 0.02 * np.nan_to_num(matrix[:, POSITION["lead_days"]]) + matrix[:, POSITION["rain"]]
    return matrix, 100 * np.exp(spread * generator.standard_normal(len(matrix)))


def days_of(rows: Array) -> Hours:
    return np.arange(rows.size).astype("datetime64[h]").astype("datetime64[D]")


def test_every_lead_and_the_wet_hours_are_covered() -> None:
    features, actual = made_up(200, seed=1)
    interval = calibrate(features, actual, np.full(actual.shape, 100.0), days=days_of(actual))
    later, truth = made_up(100, seed=2)
    low, high = interval.bounds(later, np.full(truth.shape, 100.0))
    inside = (truth >= low) & (truth <= high)
    for lead in LEADS:
        rows = (
            np.isnan(later[:, POSITION["lead_days"]])
            if np.isnan(lead)
            else later[:, POSITION["lead_days"]] == lead
        )
        assert 0.87 < inside[rows].mean() < 0.93
        assert 0.85 < inside[rows & wet(later)].mean() < 0.95
    far, near = (
        (high - low)[later[:, POSITION["lead_days"]] == 7],
        (high - low)[later[:, POSITION["lead_days"]] == 0],
    )
    assert far.mean() > 1.5 * near.mean()


def test_too_few_hours_are_refused_with_their_number() -> None:
    features, actual = made_up(5, seed=1)
    with pytest.raises(JudgementError, match="rows to calibrate on"):
        calibrate(features, actual, np.full(actual.shape, 100.0), days=days_of(actual))


def test_wet_hours_of_few_days_that_err_together_are_covered_on_other_days() -> None:
    inside = []
    for seed in range(30):
        generator = np.random.default_rng(seed)
        matrix = np.zeros((30 * 24, len(NAMES)), dtype=np.float32)
        matrix[:, POSITION["hour"]] = np.tile(np.arange(24), 30)
        matrix[:, POSITION["rain"]] = 0.1
        learnt, later = (np.repeat(100 * np.exp(generator.normal(0, 0.3, 30)), 24) for _ in range(2))
        interval = calibrate(matrix, learnt, np.full(learnt.shape, 100.0), days=days_of(learnt))
        low, high = interval.bounds(matrix, np.full(later.shape, 100.0))
        inside.append(((later >= low) & (later <= high)).mean())
    assert 0.9 < np.mean(inside) < 0.96
