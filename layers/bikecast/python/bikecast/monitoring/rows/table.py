"""Scored rows of a declared use case: inputs as numbers, predictions, actual values."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bikecast.arrays import Array
from bikecast.columns import Columns
from bikecast.evaluation.outcome import Outcome
from bikecast.monitoring.scored import HIGH, LOW, PREDICTION, ScoredRows, Timestamps
from bikecast.use_case import Category, Classification, Input, Number, UseCase
from bikecast.use_case.inputs import level_codes

PROBABILITY = "probability"
# Counted for each row: levels that the declaration does not know.
UNKNOWN_LEVELS = "unknown_levels"


def watched_inputs(use_case: UseCase) -> tuple[Input, ...]:
    """Return the inputs whose distribution is compared: numbers and categories."""
    return tuple(i for i in use_case.inputs if i.watched and isinstance(i.kind, Number | Category))


def scored_rows(
    use_case: UseCase,
    timestamp: Timestamps,
    inputs: Columns,
    *,
    outcome: Outcome | None = None,
    target: Array | None = None,
) -> ScoredRows:
    """Put inputs, answers and truth of the same rows side by side.

    Args:
        use_case: Whose rows.
        timestamp: Wall time of each row, or of its request.
        inputs: As the declaration types them; an absent input has no column.
        outcome: What was answered.
        target: What came, NaN where it is not known yet.
    """
    columns = dict(_numbers(watched_inputs(use_case), inputs))
    if UNKNOWN_LEVELS not in columns:
        columns[UNKNOWN_LEVELS] = _unknown_levels(use_case, inputs, len(timestamp))
    if outcome is not None:
        columns |= outcome_columns(outcome)
    if target is not None:
        columns[use_case.task.target] = target
    return ScoredRows(timestamp, columns, use_case.task.target)


def _numbers(watched: Iterable[Input], inputs: Columns) -> Iterable[tuple[str, Array]]:
    for item in watched:
        if item.name not in inputs:
            continue
        values = inputs[item.name]
        if isinstance(item.kind, Category):
            yield item.name, level_codes(values, item.kind.levels)
        else:
            yield item.name, np.asarray(values, dtype=np.float64)


def _unknown_levels(use_case: UseCase, inputs: Columns, n_rows: int) -> Array:
    counts = np.zeros(n_rows)
    for item in use_case.inputs:
        if isinstance(item.kind, Category) and item.name in inputs:
            known = (None, *item.kind.levels)
            counts += np.asarray([value not in known for value in inputs[item.name].tolist()])
    return counts


def outcome_columns(outcome: Outcome) -> dict[str, Array]:
    """Return an outcome as columns of scored rows; prediction sets are not kept."""
    columns: dict[str, Array | None] = {
        PREDICTION: outcome.values,
        LOW: outcome.low,
        HIGH: outcome.high,
    }
    if outcome.probabilities is not None:
        classes = range(outcome.probabilities.shape[1])
        columns |= {f"{PROBABILITY}_{index}": outcome.probabilities[:, index] for index in classes}
    return {name: values for name, values in columns.items() if values is not None}


def outcome_of(rows: ScoredRows, use_case: UseCase) -> Outcome:
    """Return what was answered to these rows."""
    probabilities = None
    if isinstance(use_case.task, Classification):
        names = [f"{PROBABILITY}_{index}" for index in range(len(use_case.task.classes))]
        if all(rows.has(name) for name in names):
            probabilities = np.column_stack([rows[name] for name in names])
    has_interval = rows.has(LOW) and rows.has(HIGH)
    return Outcome(
        rows[PREDICTION],
        rows[LOW] if has_interval else None,
        rows[HIGH] if has_interval else None,
        probabilities,
    )


def levels_of(use_case: UseCase) -> Mapping[str, tuple[str, ...]]:
    """Return the levels of every categorical column of the scored rows, target and prediction included."""
    levels = {i.name: i.kind.levels for i in watched_inputs(use_case) if isinstance(i.kind, Category)}
    if isinstance(use_case.task, Classification):
        levels |= {PREDICTION: use_case.task.classes, use_case.task.target: use_case.task.classes}
    return levels


def as_text(codes: Array, levels: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return the levels' names, None for NaN."""
    names = np.asarray([*levels, None], dtype=object)
    index = np.where(np.isnan(codes), len(levels), codes).astype(np.int64)
    text: np.ndarray[Any, np.dtype[np.object_]] = names[index]
    return text
