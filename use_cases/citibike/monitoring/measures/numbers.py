"""The 27 columns and a row per watched column in numpy: what Evidently says, without its plots.

Drawing is nine tenths of Evidently's time, so a backfill that asks for no pages computes the same
numbers here; a test holds the two together to nine digits.
"""

import numpy as np

from bikecast.arrays import Array
from bikecast.drift import DriftLimits, wasserstein
from bikecast.monitoring.watch import ColumnDrift, Metrics
from use_cases.citibike.monitoring.hours import PREDICTION, TARGET, WEATHER, ScoredHours
from use_cases.citibike.monitoring.measures.columns import TAIL_COLUMNS, TAILS, TWO_SIDED
from use_cases.citibike.monitoring.measures.scores import FEATURE_METHODS, feature_score
from use_cases.citibike.monitoring.reference import Reference

METHODS = FEATURE_METHODS | {PREDICTION: "wasserstein", TARGET: "wasserstein"}
KINDS = {PREDICTION: "prediction", TARGET: "target"}
PERCENT = 100.0
TAIL_QUANTILE = 0.05
FEWEST_ERRORS = 2


def watched(reference: Reference) -> tuple[str, ...]:
    """Return the columns that the reference knows."""
    return tuple(name for name in (*WEATHER, PREDICTION, TARGET) if reference.season.has(name))


def column_drifts(
    current: ScoredHours, reference: Reference, thresholds: DriftLimits
) -> tuple[ColumnDrift, ...]:
    """Return a row for each watched column; the score is None where the window has no value."""
    return tuple(_column_drift(name, current, reference, thresholds) for name in watched(reference))


def _column_drift(
    name: str, current: ScoredHours, reference: Reference, thresholds: DriftLimits
) -> ColumnDrift:
    season, limit = reference.season, thresholds.limits.get(name)
    distance = feature_score if name in FEATURE_METHODS else lambda _, now, then: wasserstein(now, then)
    score = distance(name, current[name], season[name]) if current.has(name) else None
    return ColumnDrift(
        feature=name,
        kind=KINDS.get(name, "feature"),
        method=METHODS[name],
        score=score,
        threshold=None if limit is None else limit.value,
        drifted=score is not None and limit is not None and score >= limit.value,
        current_mean=_mean(current[name]),
        reference_mean=_mean(season[name]),
        missing_share=float(np.isnan(current[name]).mean()) if len(current) else 1.0,
    )


def _mean(values: Array) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def metric_values(current: ScoredHours, reference: Reference, features: tuple[ColumnDrift, ...]) -> Metrics:
    """Return the 27 columns and the reference's tails; None where there are no errors to speak of."""
    names = watched(reference)
    missing = sum(int(np.isnan(current[name]).sum()) for name in names)
    return {
        "prediction_drift": next((f.score for f in features if f.feature == PREDICTION), None),
        "num_drifted_columns": sum(feature.drifted for feature in features),
        "share_missing_values": missing / max(len(current) * len(names), 1),
        **error_values(current.judged(), suffix="_current"),
        **error_values(reference.out_of_sample.judged(), suffix="_reference"),
        **tail_values(current.judged()),
        **tail_values(reference.out_of_sample.judged(), suffix="_reference"),
    }


def error_values(hours: ScoredHours, *, suffix: str) -> dict[str, float | None]:
    """Return the nine error columns of one side."""
    actual, error = hours[TARGET], hours[PREDICTION] - hours[TARGET]
    if error.size < FEWEST_ERRORS:
        return {f"{name}{suffix}": None for name in TWO_SIDED}
    size = np.abs(error)
    share = PERCENT * size / np.maximum(np.abs(actual), np.finfo(np.float64).eps)
    around = float(np.sum((actual - actual.mean()) ** 2))
    values = {
        "r2_score": 1 - float(np.sum(error**2)) / around if around else 0.0,
        "rmse_score": float(np.sqrt(np.mean(error**2))),
        "mae_score": float(size.mean()),
        "mean_error": float(error.mean()),
        "abs_error_max": float(size.max()),
        "mean_abs_perc_error": float(share.mean()),
        "error_std": float(error.std(ddof=1)),
        "abs_error_std": float(size.std(ddof=1)),
        "abs_perc_error_std": float(share.std(ddof=1)),
    }
    return {f"{name}{suffix}": value for name, value in values.items()}


def tail_values(hours: ScoredHours, *, suffix: str = "") -> dict[str, float | None]:
    """Split errors at their own 5th and 95th percentile; the middle is called "underperformance".

    Source: evidently.legacy RegressionQualityMetric, whose names these are.
    """
    error = hours[PREDICTION] - hours[TARGET]
    values: dict[str, float | None] = {f"{column}{suffix}": None for column in TAIL_COLUMNS}
    if error.size < FEWEST_ERRORS:
        return values
    low, high = np.quantile(error, [TAIL_QUANTILE, 1 - TAIL_QUANTILE])
    parts = (error[(error > low) & (error < high)], error[error <= low], error[error >= high])
    for name, part in zip(TAILS, parts, strict=True):
        if part.size:
            values[f"{name}_mean_error{suffix}"] = float(part.mean())
        if part.size > 1:
            values[f"{name}_std_error{suffix}"] = float(part.std(ddof=1))
    return values
