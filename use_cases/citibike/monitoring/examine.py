"""One window examined: scores, verdict, Evidently's report and the counts beside them; stores nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bikecast.drift import DriftLimits, Judgement, Kind, Score, WindowVerdict, judge
from bikecast.monitoring.reports.report import WindowReport
from bikecast.monitoring.watch import ColumnDrift, Examined, Metrics
from bikecast.monitoring.windows import Window
from use_cases.citibike.monitoring.clock import expected_hours
from use_cases.citibike.monitoring.hours import HOLIDAY, PREDICTION, TARGET, ScoredHours
from use_cases.citibike.monitoring.measures import scores as of
from use_cases.citibike.monitoring.measures.evidently_report import run_report
from use_cases.citibike.monitoring.measures.numbers import column_drifts, metric_values
from use_cases.citibike.monitoring.measures.quality import out_of_range
from use_cases.citibike.monitoring.reference import LAG_DAYS, RECENT_DAYS, Reference, season_reference
from use_cases.citibike.monitoring.sources import Champion, Loaded

FEWEST_HOURS = 24


def examine(loaded: Loaded, champion: Champion, *, window: Window, pages: bool = True) -> Examined:
    """Examine one window of loaded hours, with the windows before it for the k-of-n rule.

    Those are scored again and not looked up, so a verdict does not depend on which windows were
    watched before, or in which order.

    Args:
        loaded: Scored hours that include the window and ``lookback_days`` before it.
        champion: Its history and thresholds.
        window: What to judge.
        pages: Let Evidently compute and draw; else numpy gives the same numbers alone.
    """
    current = loaded.hours.between(*window.edges)
    counts = _counts(loaded, current, window)
    scored = _scores(loaded, champion, window)
    if scored is None:
        return Examined(_no_data(len(current)), counts)
    scores, reference = scored
    earlier = (_scores(loaded, champion, w) for w in _before(window, champion.thresholds.windows_seen - 1))
    previous = [{score.name: score.value for score in found[0]} for found in earlier if found is not None]
    judgement = judge(scores, champion.thresholds, previous=previous)
    values = {score.name: round(score.value, 6) for score in scores}
    if not pages:
        features = column_drifts(current, reference, champion.thresholds)
        metrics = metric_values(current, reference, features)
        return _examined(judgement, counts, values, metrics, features, curve=current)
    labels = {"model_version": champion.manifest.version, "verdict": str(judgement.verdict)}
    found = run_report(current, reference, champion.thresholds, labels=labels)
    return _examined(judgement, counts, values, found.metrics, found.features, found.report, curve=current)


def _examined(
    judgement: Judgement,
    counts: Mapping[str, Any],
    scores: Mapping[str, float],
    metrics: Metrics,
    features: tuple[ColumnDrift, ...],
    report: WindowReport | None = None,
    *,
    curve: ScoredHours,
) -> Examined:
    rmse = metrics.get("rmse_score_current")
    return Examined(
        judgement, counts, scores, metrics, features, report, metric="RMSE", metric_value=rmse, curve=curve
    )


def lookback_days(thresholds: DriftLimits) -> int:
    """Return how many days before a window must be loaded to judge it."""
    return RECENT_DAYS + LAG_DAYS + thresholds.window_days * (thresholds.windows_seen - 1)


def _before(window: Window, count: int) -> Iterator[Window]:
    for _ in range(count):
        window = window.before(window.days)
        yield window


def _scores(loaded: Loaded, champion: Champion, window: Window) -> tuple[list[Score], Reference] | None:
    """Return a window's scores and its reference, or None where there are too few hours to judge."""
    start, end = window.edges
    current = loaded.hours.between(start, end)
    if len(np.unique(current.timestamp[~np.isnan(current[PREDICTION])])) < FEWEST_HOURS:
        return None
    recent = loaded.hours.take(loaded.hours.timestamp < start)
    reference = season_reference(champion.history, start=start, end=end, recent=recent)
    scores = of.window_scores(current, reference)
    if loaded.every_hour:
        scores.append(_absent(_counts(loaded, current, window), window))
    return scores, reference


def _no_data(hours: int) -> Judgement:
    reason = f"{hours} scored hours; at least {FEWEST_HOURS} are needed to judge a window"
    return Judgement(WindowVerdict.NO_DATA, 0.0, (reason,))


def _absent(counts: Mapping[str, Any], window: Window) -> Score:
    share = counts["missing_hours"] / expected_hours(window)
    return Score("missing_hours", Kind.QUALITY, "share", share, "hours are missing from the data")


def _counts(loaded: Loaded, current: ScoredHours, window: Window) -> dict[str, Any]:
    start, end = window.edges
    whole = current.take(~np.isnan(current[PREDICTION]))
    judged = whole.judged()
    holiday = current[HOLIDAY]
    return {
        "n_rows": len(current),
        "missing_hours": max(expected_hours(window) - len(np.unique(whole.timestamp)), 0),
        "duplicate_hours": int(((loaded.repeated >= start) & (loaded.repeated < end)).sum()),
        "out_of_range_values": out_of_range(current),
        "new_categories": int((~np.isnan(holiday) & ~np.isin(holiday, (0, 1))).sum()),
        "wape": of.wape(judged) if len(judged) else None,
        "bias": _bias(judged),
        "interval_coverage": _finite(of.coverage(judged)),
    }


def _bias(judged: ScoredHours) -> float | None:
    total = float(judged[TARGET].sum())
    return float((judged[PREDICTION] - judged[TARGET]).sum()) / total if total else None


def _finite(value: float) -> float | None:
    return None if np.isnan(value) else value
