"""One window through Evidently: the 27 columns, a row per watched column, a page and its JSON."""

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bikecast.drift import Thresholds
from bikecast.monitoring.columns import TAIL_COLUMNS, TAILS
from bikecast.monitoring.hours import PREDICTION, TARGET, WEATHER, Array, ScoredHours
from bikecast.monitoring.scores import BANDS, FEATURE_METHODS

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
PERCENT = 100.0
TAIL_QUANTILE = 0.05
SMALLEST_REGRESSION = 2
METHODS = FEATURE_METHODS | {PREDICTION: "wasserstein", TARGET: "wasserstein"}
BAND_NAMES = ("none", "little", "some", "much")


@dataclass(frozen=True)
class ColumnDrift:
    """How far one column is from its reference."""

    feature: str
    kind: str
    method: str
    score: float | None
    threshold: float | None
    drifted: bool
    current_mean: float | None
    reference_mean: float | None
    missing_share: float


@dataclass(frozen=True)
class WindowReport:
    """What Evidently and numpy say of one window; ``snapshot`` is Evidently's own, for its UI."""

    metrics: Mapping[str, float | int | None]
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


def evidently_frame(hours: ScoredHours, columns: tuple[str, ...]) -> "pd.DataFrame":
    """Return the watched columns; rain and snow as bands, so that Evidently compares shares of days."""
    import pandas as pd

    return pd.DataFrame({n: _banded(n, hours[n]) if n in BANDS else hours[n] for n in columns})


def _banded(name: str, values: Array) -> np.ndarray:
    names = np.asarray([*BAND_NAMES, None], dtype=object)
    band = np.searchsorted(BANDS[name], values, side="right")
    banded: np.ndarray = names[np.where(np.isnan(values), len(BAND_NAMES), band)]
    return banded


def run_report(
    current: ScoredHours, reference: ScoredHours, thresholds: Thresholds, *, labels: Mapping[str, str]
) -> WindowReport:
    """Compare a window with its reference.

    Args:
        current: The window; where actuals are missing altogether, the error columns are None.
        reference: As ``season_reference`` chooses it.
        thresholds: Their limits decide which columns count as drifted.
        labels: Stored with Evidently's snapshot, such as the model version.
    """
    watched = tuple(n for n in (*WEATHER, PREDICTION, TARGET) if reference.has(n))
    sides = (_judged(current), _judged(reference))
    snapshot = _run(current, reference, watched=watched, thresholds=thresholds, labels=labels)
    found = _Found(snapshot)
    features = tuple(_column_drift(n, current, reference, found, thresholds) for n in watched)
    dataset = {
        "prediction_drift": next((f.score for f in features if f.feature == PREDICTION), None),
        "num_drifted_columns": int(found.value("DriftedColumnsCount")["count"]),
        # Evidently's own share divides by rows, not cells.
        "share_missing_values": found.value("DatasetMissingValueCount")["count"]
        / max(len(current) * len(watched), 1),
    }
    regression = found.regression() if min(map(len, sides)) >= SMALLEST_REGRESSION else {}
    return WindowReport(dataset | regression | _tails(*sides), features, snapshot)


def _run(
    current: ScoredHours,
    reference: ScoredHours,
    *,
    watched: tuple[str, ...],
    thresholds: Thresholds,
    labels: Mapping[str, str],
) -> Any:
    os.environ["DO_NOT_TRACK"] = "1"  # read by Evidently when it is imported
    from evidently import DataDefinition, Dataset, Regression, Report

    compared = [n for n in watched if current.has(n)]
    judged = min(len(_judged(current)), len(_judged(reference))) >= SMALLEST_REGRESSION
    definition = DataDefinition(
        numerical_columns=[n for n in watched if n not in BANDS],
        categorical_columns=[n for n in watched if n in BANDS],
        regression=[Regression(target=TARGET, prediction=PREDICTION)] if judged else None,
    )
    sides = [Dataset.from_pandas(evidently_frame(side, watched), definition) for side in (current, reference)]
    report = Report(
        _metrics(compared, thresholds, judged=judged), metadata=dict(labels), tags=[*labels.values()]
    )
    end = current.timestamp.max().astype("datetime64[s]").astype(dt.datetime)
    return report.run(*sides, timestamp=end)


def _metrics(compared: list[str], thresholds: Thresholds, *, judged: bool) -> list[Any]:
    from evidently import metrics as of

    limits = {n: thresholds.limits[n].value if n in thresholds.limits else None for n in compared}
    drift = [of.ValueDrift(column=n, method=METHODS[n], threshold=limits[n]) for n in compared]
    counted = of.DriftedColumnsCount(
        columns=compared,
        per_column_method={n: METHODS[n] for n in compared},
        per_column_threshold={n: limit for n, limit in limits.items() if limit is not None},
    )
    quality = [of.RowCount(), of.DatasetMissingValueCount()]
    errors = (
        [of.R2Score(), of.RMSE(), of.MAE(), of.MeanError(), of.AbsMaxError(), of.MAPE()] if judged else []
    )
    return [counted, *drift, *errors, *quality]


class _Found:
    """Evidently's results by metric; reference values live in the run's context only."""

    def __init__(self, snapshot: Any) -> None:
        self._context = snapshot.context
        metrics = snapshot.dict()["metrics"]
        self._drift = {m["config"]["column"]: m["value"] for m in metrics if _type(m) == "ValueDrift"}
        self._metrics = {_type(m): m for m in metrics if _type(m) != "ValueDrift"}

    def value(self, name: str) -> Any:
        return self._metrics[name]["value"]

    def drift(self, column: str) -> float | None:
        value = self._drift.get(column)
        return None if value is None or np.isnan(value) else float(value)

    def regression(self) -> dict[str, float | None]:
        return {
            f"{column}_{side}": self._side(side, name, part)
            * (PERCENT if column == "abs_perc_error_std" else 1.0)
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


def _judged(hours: ScoredHours) -> ScoredHours:
    return hours.take(~np.isnan(hours[TARGET]) & ~np.isnan(hours[PREDICTION]))


def _column_drift(
    name: str, current: ScoredHours, reference: ScoredHours, found: _Found, thresholds: Thresholds
) -> ColumnDrift:
    limit = thresholds.limits.get(name)
    score = found.drift(name)
    return ColumnDrift(
        feature=name,
        kind={PREDICTION: "prediction", TARGET: "target"}.get(name, "feature"),
        method=METHODS[name],
        score=score,
        threshold=None if limit is None else limit.value,
        drifted=score is not None and limit is not None and score > limit.value,
        current_mean=_mean(current[name]),
        reference_mean=_mean(reference[name]),
        missing_share=float(np.isnan(current[name]).mean()) if len(current) else 1.0,
    )


def _mean(values: Array) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None


def _tails(current: ScoredHours, reference: ScoredHours) -> dict[str, float | None]:
    """Split each side's errors at its own 5th and 95th percentile; the middle is "underperformance".

    Source: evidently.legacy RegressionQualityMetric, whose names these are.
    """
    result: dict[str, float | None] = {}
    for side, suffix in ((current, ""), (reference, "_reference")):
        values = _tail_values(side[PREDICTION] - side[TARGET])
        result |= {f"{column}{suffix}": values.get(column) for column in TAIL_COLUMNS}
    return result


def _tail_values(error: Array) -> dict[str, float]:
    if error.size < SMALLEST_REGRESSION:
        return {}
    low, high = np.quantile(error, [TAIL_QUANTILE, 1 - TAIL_QUANTILE])
    middle = (error > low) & (error < high)
    parts = zip(TAILS, (error[middle], error[error <= low], error[error >= high]), strict=True)
    values: dict[str, float] = {}
    for name, part in parts:
        values |= {f"{name}_mean_error": float(part.mean())} if part.size else {}
        values |= {f"{name}_std_error": float(part.std(ddof=1))} if part.size > 1 else {}
    return values
