"""One window of rows examined: scores, verdict, Evidently's report and the counts beside them."""

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from bikecast.arrays import Array, Ints
from bikecast.drift import DriftLimits, Judgement, WindowVerdict, judge
from bikecast.monitoring.reports.report import Side, WatchedColumn, WindowReport, run_report
from bikecast.monitoring.rows.scores import (
    column_distance,
    drift_columns,
    level_groups,
    method_of,
    out_of_range,
    row_scores,
)
from bikecast.monitoring.rows.table import UNKNOWN_LEVELS, as_text, levels_of, outcome_of
from bikecast.monitoring.scored import PREDICTION, ScoredRows
from bikecast.monitoring.watch import ColumnDrift, Examined, Metrics
from bikecast.use_case import Classification, UseCase

Texts = tuple[str, ...]


def examine_rows(
    use_case: UseCase,
    current: ScoredRows,
    *,
    earlier: Sequence[ScoredRows],
    reference: ScoredRows,
    thresholds: DriftLimits,
    fewest_rows: int,
    labels: dict[str, str] | None,
) -> Examined:
    """Examine one window.

    Args:
        use_case: Declares what is compared.
        current: The window's rows.
        earlier: The windows before it, for the k-of-n rule; those with too few rows say nothing.
        reference: The training sample, scored out of sample.
        thresholds: Of windows of this size.
        fewest_rows: Fewer are not judged.
        labels: Let Evidently compute and draw, and keep these with its snapshot; None for numbers alone.
    """
    counts = _counts(use_case, current)
    if len(current) < fewest_rows:
        reason = f"{len(current)} scored rows; at least {fewest_rows} are needed to judge a window"
        return Examined(Judgement(WindowVerdict.NO_DATA, 0.0, (reason,)), counts)
    scores = row_scores(use_case, current, reference)
    previous = [
        {score.name: score.value for score in row_scores(use_case, rows, reference)}
        for rows in earlier
        if len(rows) >= fewest_rows
    ]
    judgement = judge(scores, thresholds, previous=previous)
    features = _column_drifts(use_case, current, reference, thresholds)
    metrics, primary = _metrics(use_case, current, reference, features), use_case.metrics[0]
    report = None
    if labels is not None:
        report = _report(use_case, current, reference, features, labels | {"verdict": str(judgement.verdict)})
    return Examined(
        judgement,
        counts,
        {score.name: round(score.value, 6) for score in scores},
        metrics,
        features,
        report,
        metric=primary.title,
        metric_value=metrics[f"{primary.name}_current"],
    )


def _counts(use_case: UseCase, rows: ScoredRows) -> dict[str, float | int | None]:
    judged = rows.judged()
    covers = outcome_of(judged, use_case).covers(judged[judged.target]) if len(judged) else None
    return {
        "n_rows": len(rows),
        "out_of_range_values": out_of_range(use_case, rows),
        "new_categories": int(rows[UNKNOWN_LEVELS].sum()) if rows.has(UNKNOWN_LEVELS) else 0,
        "interval_coverage": None if covers is None else float(covers.mean()),
    }


def _column_drifts(
    use_case: UseCase, current: ScoredRows, reference: ScoredRows, thresholds: DriftLimits
) -> tuple[ColumnDrift, ...]:
    names = [name for name in drift_columns(use_case) if reference.has(name)]
    return tuple(_column_drift(use_case, name, current, reference, thresholds) for name in names)


def _column_drift(
    use_case: UseCase, name: str, current: ScoredRows, reference: ScoredRows, thresholds: DriftLimits
) -> ColumnDrift:
    levels, limit = levels_of(use_case).get(name, ()), thresholds.limits.get(name)
    score = column_distance(current[name], reference[name], levels) if current.has(name) else None
    kinds = {PREDICTION: "prediction", use_case.task.target: "target"}
    return ColumnDrift(
        feature=name,
        kind=kinds.get(name, "feature"),
        method=method_of(levels),
        score=score,
        threshold=None if limit is None else limit.value,
        drifted=score is not None and limit is not None and score >= limit.value,
        current_mean=_mean(current[name]),
        reference_mean=_mean(reference[name]),
        missing_share=float(np.isnan(current[name]).mean()) if len(current) else 1.0,
    )


def _mean(values: Array) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _metrics(
    use_case: UseCase, current: ScoredRows, reference: ScoredRows, features: Sequence[ColumnDrift]
) -> Metrics:
    """Return what dashboards show: every metric on both sides, drifted columns, missing values."""
    names = [feature.feature for feature in features if feature.kind == "feature"]
    missing = sum(int(np.isnan(current[name]).sum()) for name in names)
    sides = {"current": current.judged(), "reference": reference.judged()}
    return {
        "prediction_drift": next((f.score for f in features if f.kind == "prediction"), None),
        "num_drifted_columns": sum(feature.drifted for feature in features),
        "share_missing_values": missing / max(len(current) * len(names), 1),
        **{
            f"{metric.name}_{side}": metric.of(rows[rows.target], outcome_of(rows, use_case))
            if len(rows)
            else None
            for side, rows in sides.items()
            for metric in use_case.metrics
        },
    }


def _report(
    use_case: UseCase,
    current: ScoredRows,
    reference: ScoredRows,
    features: Sequence[ColumnDrift],
    labels: dict[str, str],
) -> WindowReport:
    levels = levels_of(use_case)
    columns = [WatchedColumn(f.feature, f.method, f.feature in levels, f.threshold) for f in features]
    task, texts = use_case.task, dict[str, Texts]()
    for name in levels.keys() & {column.name for column in columns}:
        groups = level_groups(current[name], reference[name], levels[name])
        texts[name] = tuple(_group_name(levels[name], groups, group) for group in groups)
    names = [column.name for column in columns]
    return run_report(
        _side(use_case, current, names, texts),
        _side(use_case, reference, names, texts),
        columns,
        errors="classification" if isinstance(task, Classification) else "regression",
        outcomes=(PREDICTION, task.target),
        labels=labels,
        timestamp=current.timestamp.max().astype("datetime64[s]").astype(dt.datetime),
        positive=task.positive if isinstance(task, Classification) else None,
    )


def _group_name(levels: Texts, groups: Ints, group: int) -> str:
    """Return what a page calls the levels that are compared as one."""
    first, *others = np.asarray(levels)[groups == group]
    return f"{first} and {len(others)} more" if others else str(first)


def _side(use_case: UseCase, rows: ScoredRows, names: Sequence[str], texts: Mapping[str, Texts]) -> Side:
    """Return one side; ``texts`` are what a page calls each level."""
    judged = rows.judged()
    columns = {name: as_text(rows[name], texts[name]) if name in texts else rows[name] for name in names}
    target, prediction = judged[judged.target], judged[PREDICTION]
    if isinstance(use_case.task, Classification):
        classes = use_case.task.classes
        return Side(columns, as_text(target, classes), as_text(prediction, classes))
    return Side(columns, target, prediction)
