"""What the tests here judge: for each metric, answers whose errors can be made larger and smaller."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array
from bikecast.evaluation.metrics import ACCURACY, LOG_LOSS, MAE, RMSE, Metric, f1, f1_macro, f1_weighted
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample, Times
from bikecast.use_case import Classification, Regression

N_DAYS, ROWS_A_DAY = 30, 10
N_ROWS = N_DAYS * ROWS_A_DAY
TIME = np.arange("2024-11-01", "2024-12-01", np.timedelta64(144, "m"), dtype="datetime64[m]").astype(
    "datetime64[s]"
)
MINUTES = Regression(target="minutes", unit="min", low=1, high=180)
PAYMENT = Classification(target="payment", classes=("card", "cash"), positive="cash")
SIZES = Classification(target="size", classes=("small", "medium", "large"))

Answer = Callable[[Array], Outcome]


@dataclass(frozen=True)
class Case:
    """A metric, the truth, and how a severity in (0, 1] for each row becomes answers.

    A row with a larger severity has a larger error, or at least none smaller.
    """

    metric: Metric
    target: Array
    answer: Answer


def _numbers(metric: Metric) -> Case:
    target = 60 + 40 * np.sin(np.arange(N_ROWS))
    sign = np.where(np.arange(N_ROWS) % 2 == 0, 1.0, -1.0)
    return Case(metric, target, lambda severity: Outcome(target + sign * severity * 30))


def _classes(metric: Metric, n_classes: int) -> Case:
    """Severities above a half are wrong answers; probabilities of the truth fall with the severity."""
    target = (np.arange(N_ROWS) % n_classes).astype(np.float64)

    def answer(severity: Array) -> Outcome:
        wrong = (target + 1) % n_classes
        values = np.where(severity > 0.5, wrong, target)
        probabilities = np.zeros((N_ROWS, n_classes))
        np.put_along_axis(probabilities, target.astype(int)[:, None], 1 - 0.9 * severity[:, None], axis=1)
        np.put_along_axis(probabilities, wrong.astype(int)[:, None], 0.9 * severity[:, None], axis=1)
        return Outcome(values, probabilities=probabilities)

    return Case(metric, target, answer)


CASES = {
    "rmse": _numbers(RMSE),
    "mae": _numbers(MAE),
    "log loss": _classes(LOG_LOSS, 3),
    "accuracy": _classes(ACCURACY, 3),
    "F1 of one class": _classes(f1(1, label="cash"), 2),
    "macro F1": _classes(f1_macro(3), 3),
    "weighted F1": _classes(f1_weighted(3), 3),
}


def severities(seed: int, share_bad: float = 0.4) -> Array:
    """Return random severities with this share above a half; every day has a row of each kind."""
    generator = np.random.default_rng(seed)
    bad = generator.random(N_ROWS) < share_bad
    bad.reshape(N_DAYS, ROWS_A_DAY)[:, :3] = [True, True, False]
    return np.where(bad, generator.uniform(0.55, 0.95, N_ROWS), generator.uniform(0.05, 0.45, N_ROWS))


def sample(target: Array, *, time: Times | None = None, **columns: Array) -> Sample:
    """Return a sample with one feature, the row's position."""
    features = np.arange(target.size, dtype=np.float32)[:, None]
    return Sample(columns, time, features, target)
