"""The holdout: rows that tuning never saw, and each model's answers for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bikecast.arrays import Array, Mask
from bikecast.errors import JudgementError
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Times


@dataclass(frozen=True)
class Holdout:
    """The rows that tuning never saw, and what each model answers for them; n rows throughout.

    Attributes:
        metric: The primary one.
        target: The truth, shape (n,).
        time: Of each row, or None where rows have no time.
        coverage: What the challenger's intervals or prediction sets claim, or None if it gives none.
    """

    metric: Metric
    target: Array
    challenger: Outcome
    champion: Outcome | None = None
    baselines: Mapping[str, Outcome] = field(default_factory=dict)
    segments: Mapping[str, Mask] = field(default_factory=dict)
    time: Times | None = None
    coverage: float | None = None

    def check(self) -> None:
        """Check that everything can be compared.

        Raises:
            JudgementError: No rows, a value that is not finite, lengths that differ, or a metric that cannot
                decide.
        """
        n_rows = self.target.size
        if self.metric.report_only:
            raise JudgementError(f"{self.metric.title} is reported only; it cannot decide a promotion")
        if n_rows == 0:
            raise JudgementError("there are no rows to judge on")
        if not np.isfinite(self.target).all():
            raise JudgementError("target holds values that are not finite")
        models = {"challenger": self.challenger, **self.baselines}
        if self.champion is not None:
            models["champion"] = self.champion
        for name, outcome in models.items():
            outcome.check(name, n_rows)
        if any(rows.shape != (n_rows,) for rows in self.segments.values()):
            raise JudgementError(
                f"every segment must tell of each of the {n_rows} rows whether it belongs to it"
            )
        if self.time is not None and (self.time.shape != (n_rows,) or np.isnat(self.time).any()):
            raise JudgementError(f"each of the {n_rows} rows needs a time")
