"""Score tables: every metric of one model on one set of rows, as stored in manifests and decision records."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from bikecast.arrays import Array, Mask
from bikecast.errors import DataError, JudgementError
from bikecast.evaluation.metrics import Metric
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.task import Classification, Task

_FLAT = ("rmse", "mae", "wape", "r2", "bias")  # tables stored before there were several use cases
# JSON Schema's `date-time` has an offset, which the data's wall time has not.
WallTime = Annotated[dt.datetime, WithJsonSchema({"type": "string", "examples": ["2024-01-02T08:00:00"]})]


class Scores(BaseModel):
    """How good answers were on one set of rows.

    Attributes:
        start: Time of the first row, None where rows have no time.
        end: Time of the last row.
        values: By the metric's name; a metric that is undefined on these rows is left out (WAPE where all
            targets are 0).
        coverage: Share of truths inside the interval or prediction set.
        interval_width: Mean width of the interval, in the target's unit.
        set_size: Mean number of classes in the prediction set.
        recall: Share of each class's rows that was answered with it, by class; classes without rows are
            left out.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    n_rows: int = Field(gt=0)
    start: WallTime | None = None
    end: WallTime | None = None
    values: dict[str, float]
    coverage: float | None = None
    interval_width: float | None = None
    set_size: float | None = None
    recall: dict[str, float] = Field(default_factory=dict)

    def window(self) -> tuple[dt.datetime, dt.datetime]:
        """Return the times of the first and the last row.

        Raises:
            DataError: Rows have no time.
        """
        if self.start is None or self.end is None:
            raise DataError("these scores are of rows without a time")
        return self.start, self.end

    @model_validator(mode="before")
    @classmethod
    def _read_flat(cls, stored: Any) -> Any:
        if not isinstance(stored, dict) or "values" in stored:
            return stored
        rest = {name: value for name, value in stored.items() if name not in _FLAT}
        return {**rest, "values": {name: stored[name] for name in _FLAT if name in stored}}


def score(sample: Sample, outcome: Outcome, *, metrics: Sequence[Metric], task: Task) -> Scores:
    """Score answers against the truth.

    Raises:
        JudgementError: There are no rows, or a value is not finite.
    """
    if len(sample) == 0:
        raise JudgementError("cannot score: there are no rows")
    if not np.isfinite(sample.target).all():
        raise JudgementError("cannot score: the target holds values that are not finite")
    outcome.check("cannot score: the model", len(sample))
    found = {metric.name: metric.of(sample.target, outcome) for metric in metrics}
    covered = outcome.covers(sample.target)
    start, end = _window(sample)
    return Scores(
        n_rows=len(sample),
        start=start,
        end=end,
        values={name: value for name, value in found.items() if np.isfinite(value)},
        coverage=None if covered is None else float(covered.mean()),
        interval_width=_interval_width(outcome),
        set_size=None if outcome.in_set is None else float(outcome.in_set.sum(axis=1).mean()),
        recall=_recall(sample.target, outcome, task),
    )


def score_segments(
    sample: Sample, outcome: Outcome, *, masks: Mapping[str, Mask], metrics: Sequence[Metric], task: Task
) -> dict[str, Scores]:
    """Score answers on each named part of the rows."""
    return {
        name: score(sample.take(rows), outcome.take(rows), metrics=metrics, task=task)
        for name, rows in masks.items()
    }


def _window(sample: Sample) -> tuple[dt.datetime | None, dt.datetime | None]:
    if sample.time is None:
        return None, None
    times = sample.time.astype("datetime64[s]")
    return times.min().item(), times.max().item()


def _interval_width(outcome: Outcome) -> float | None:
    if outcome.low is None or outcome.high is None:
        return None
    return float(np.mean(outcome.high - outcome.low))


def _recall(target: Array, outcome: Outcome, task: Task) -> dict[str, float]:
    if not isinstance(task, Classification):
        return {}
    rows = {label: target == index for index, label in enumerate(task.classes)}
    right = outcome.values == target
    return {label: float(right[real].mean()) for label, real in rows.items() if real.any()}
