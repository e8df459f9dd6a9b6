"""One window through Evidently: the 27 columns, a row per watched column, a page and its JSON."""

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.arrays import Array
from bikecast.drift import Thresholds
from bikecast.monitoring.hours import PREDICTION, TARGET, ScoredHours
from bikecast.monitoring.numbers import (
    FEWEST_ERRORS,
    METHODS,
    PERCENT,
    ColumnDrift,
    Metrics,
    column_drifts,
    metric_values,
    watched,
)
from bikecast.monitoring.reference import Reference
from bikecast.monitoring.scores import BANDS

if TYPE_CHECKING:
    import pandas as pd

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
# Evidently takes one reference for all metrics, so the errors have columns of their own: there the
# honest rows stand, and NaN, which its error metrics leave out, where a row is only there for drift.
JUDGED_TARGET, JUDGED_PREDICTION = "actual trips", "judged prediction"


@dataclass(frozen=True)
class WindowReport:
    """What Evidently says of one window; ``snapshot`` is Evidently's own, for its UI."""

    metrics: Metrics
    features: tuple[ColumnDrift, ...]
    snapshot: Any

    def html(self) -> bytes:
        """Return the self-contained page."""
        page: str = self.snapshot.get_html_str(as_iframe=False)
        return page.encode()

    def json(self) -> bytes:
        """Return Evidently's results."""
        body: str = self.snapshot.json()
        return body.encode()

    def dump(self) -> bytes:
        """Return the snapshot as Evidently's UI loads it."""
        body: str = self.snapshot.dumps()
        return body.encode()


def run_report(
    current: ScoredHours, reference: Reference, thresholds: Thresholds, *, labels: Mapping[str, str]
) -> WindowReport:
    """Compare a window with its reference.

    Args:
        current: The window; where actuals are missing altogether, the error columns are None.
        reference: As ``season_reference`` chooses it.
        thresholds: Their limits decide which columns count as drifted.
        labels: Stored with Evidently's snapshot, such as the model version.
    """
    drawn = column_drifts(current, reference, thresholds)
    snapshot = _run(current, reference, thresholds=thresholds, labels=labels)
    found = _Found(snapshot)
    features = tuple(_as_evidently_says(feature, found.drift(feature.feature)) for feature in drawn)
    judged = found.errors() if _has_errors(current, reference) else {}
    return WindowReport({**metric_values(current, reference, features), **judged}, features, snapshot)


def _as_evidently_says(feature: ColumnDrift, score: float | None) -> ColumnDrift:
    limit = feature.threshold
    return replace(feature, score=score, drifted=score is not None and limit is not None and score >= limit)


def _has_errors(current: ScoredHours, reference: Reference) -> bool:
    return min(len(current.judged()), len(reference.honest.judged())) >= FEWEST_ERRORS


def _run(
    current: ScoredHours, reference: Reference, *, thresholds: Thresholds, labels: Mapping[str, str]
) -> Any:
    os.environ["DO_NOT_TRACK"] = "1"  # read by Evidently when it is imported
    from evidently import DataDefinition, Dataset, Regression, Report

    names = watched(reference)
    errors = _has_errors(current, reference)
    definition = DataDefinition(
        numerical_columns=[*(n for n in names if n not in BANDS), JUDGED_TARGET, JUDGED_PREDICTION],
        categorical_columns=[n for n in names if n in BANDS],
        regression=[Regression(target=JUDGED_TARGET, prediction=JUDGED_PREDICTION)] if errors else None,
    )
    frames = (_frame(current, current, names), _frame(reference.season, reference.honest, names))
    sides = [Dataset.from_pandas(frame, definition) for frame in frames]
    compared = [name for name in names if current.has(name)]
    metrics = [*_drift_metrics(compared, thresholds), *(_error_metrics() if errors else [])]
    end = current.timestamp.max().astype("datetime64[s]").astype(dt.datetime)
    report = Report(metrics, metadata=dict(labels), tags=[*labels.values()])
    return report.run(*sides, timestamp=end)


def _frame(drift: ScoredHours, judged: ScoredHours, names: Sequence[str]) -> "pd.DataFrame":
    """Put the rows for drift and those for errors side by side; the shorter side ends in NaN."""
    import pandas as pd

    rows = pd.DataFrame({n: _banded(n, drift[n]) if n in BANDS else drift[n] for n in names})
    honest = judged.judged()
    errors = pd.DataFrame({JUDGED_TARGET: honest[TARGET], JUDGED_PREDICTION: honest[PREDICTION]})
    return pd.concat([rows, errors], axis=1)


def _banded(name: str, values: Array) -> np.ndarray:
    names = np.asarray([*BAND_NAMES, None], dtype=object)
    band = np.searchsorted(BANDS[name], values, side="right")
    banded: np.ndarray = names[np.where(np.isnan(values), len(BAND_NAMES), band)]
    return banded


def _drift_metrics(compared: Sequence[str], thresholds: Thresholds) -> list[Any]:
    """Return a metric a column; Evidently's count of drifted columns would compute each a second time."""
    from evidently import metrics as of

    limits = {n: thresholds.limits[n].value for n in compared if n in thresholds.limits}
    drift = [of.ValueDrift(column=n, method=METHODS[n], threshold=limits.get(n)) for n in compared]
    missing = [of.MissingValueCount(column=name) for name in compared]
    return [*drift, of.RowCount(), *missing]


def _error_metrics() -> list[Any]:
    from evidently import metrics as of

    return [of.R2Score(), of.RMSE(), of.MAE(), of.MeanError(), of.AbsMaxError(), of.MAPE()]


class _Found:
    """Evidently's results by metric; reference values live in the run's context only."""

    def __init__(self, snapshot: Any) -> None:
        self._context = snapshot.context
        metrics = snapshot.dict()["metrics"]
        self._drift = {m["config"]["column"]: m["value"] for m in metrics if _type(m) == "ValueDrift"}
        self._metrics = {_type(m): m for m in metrics if "column" not in m["config"]}

    def drift(self, column: str) -> float | None:
        value = self._drift.get(column)
        return None if value is None or np.isnan(value) else float(value)

    def errors(self) -> dict[str, float]:
        return {
            f"{column}_{side}": self._side(side, name, part)
            * (PERCENT if column == "abs_perc_error_std" else 1.0)  # its mean is in percent already
            for side in ("current", "reference")
            for column, (name, part) in REGRESSION.items()
        }

    def _side(self, side: str, name: str, part: str | None) -> float:
        read = self._context.get_metric_result
        if side == "reference":
            read = self._context.get_reference_metric_result
        result = read(self._metrics[name]["id"])
        return float((result if part is None else getattr(result, part)).value)


def _type(metric: Mapping[str, Any]) -> str:
    name: str = metric["config"]["type"].rsplit(":", 1)[1]
    return name
