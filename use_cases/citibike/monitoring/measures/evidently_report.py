"""The hourly model's window through Evidently: the 27 columns, a row per watched column, the page."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from bikecast.arrays import Array
from bikecast.drift import DriftLimits
from bikecast.monitoring.reports.report import Side, WatchedColumn, WindowReport
from bikecast.monitoring.reports.report import run_report as run_evidently
from bikecast.monitoring.watch import ColumnDrift, Metrics
from use_cases.citibike.monitoring.hours import PREDICTION, TARGET, ScoredHours
from use_cases.citibike.monitoring.measures.numbers import (
    METHODS,
    PERCENT,
    column_drifts,
    metric_values,
    watched,
)
from use_cases.citibike.monitoring.measures.scores import BANDS
from use_cases.citibike.monitoring.reference import Reference

# column of citibike_metrics -> Evidently's metric and the part of its result
REGRESSION = {
    "r2_score": ("R2Score", None),
    "rmse_score": ("RMSE", None),
    "mae_score": ("MAE", "mean"),
    "mean_error": ("MeanError", "mean"),
    "abs_error_max": ("AbsMaxError", None),
    "mean_abs_perc_error": ("MAPE", "mean"),
    "error_std": ("MeanError", "std"),
    "abs_error_std": ("MAE", "std"),
    "abs_perc_error_std": ("MAPE", "std"),
}
BAND_NAMES = ("none", "little", "some", "much")


@dataclass(frozen=True)
class HourlyReport:
    """What Evidently says of one window of hours."""

    metrics: Metrics
    features: tuple[ColumnDrift, ...]
    report: WindowReport


def run_report(
    current: ScoredHours, reference: Reference, thresholds: DriftLimits, *, labels: Mapping[str, str]
) -> HourlyReport:
    """Compare a window with its reference.

    Args:
        current: The window; where actuals are missing altogether, the error columns are None.
        reference: As ``season_reference`` chooses it.
        thresholds: Their limits decide which columns count as drifted.
        labels: Stored with Evidently's snapshot, such as the model version.
    """
    names = watched(reference)
    limits = {name: thresholds.limits[name].value for name in names if name in thresholds.limits}
    report = run_evidently(
        _side(current, current, names),
        _side(reference.season, reference.out_of_sample, names),
        [WatchedColumn(name, METHODS[name], name in BANDS, limits.get(name)) for name in names],
        errors="regression",
        outcomes=(PREDICTION, TARGET),
        labels=labels,
        timestamp=current.timestamp.max().astype("datetime64[s]").astype(dt.datetime),
    )
    drawn = column_drifts(current, reference, thresholds)
    features = tuple(_as_evidently_says(feature, report.drift(feature.feature)) for feature in drawn)
    judged = _errors(report) if report.has_errors else {}
    return HourlyReport({**metric_values(current, reference, features), **judged}, features, report)


def _side(drift: ScoredHours, judged: ScoredHours, names: tuple[str, ...]) -> Side:
    rows = judged.judged()
    columns = {name: _banded(name, drift[name]) if name in BANDS else drift[name] for name in names}
    return Side(columns, rows[TARGET], rows[PREDICTION])


def _banded(name: str, values: Array) -> np.ndarray:
    names = np.asarray([*BAND_NAMES, None], dtype=object)
    band = np.searchsorted(BANDS[name], values, side="right")
    banded: np.ndarray = names[np.where(np.isnan(values), len(BAND_NAMES), band)]
    return banded


def _as_evidently_says(feature: ColumnDrift, score: float | None) -> ColumnDrift:
    limit = feature.threshold
    return replace(feature, score=score, drifted=score is not None and limit is not None and score >= limit)


def _errors(report: WindowReport) -> dict[str, float]:
    return {
        f"{column}_{side}": report.error(name, part, side=side)
        * (PERCENT if column == "abs_perc_error_std" else 1.0)  # its mean is in percent already
        for side in ("current", "reference")
        for column, (name, part) in REGRESSION.items()
    }
