"""One window through Evidently: drift by column, errors of the task, a page and its JSON."""

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

FEWEST_ERRORS = 2
# Evidently takes one reference for all metrics, so the errors have columns of their own: there the
# out-of-sample rows stand, and NaN, which its error metrics leave out, where a row is only there for drift.
JUDGED_TARGET, JUDGED_PREDICTION = "judged target", "judged prediction"
ERROR_METRICS = {
    "regression": ("R2Score", "RMSE", "MAE", "MeanError", "AbsMaxError", "MAPE"),
    "classification": ("Accuracy", "F1Score", "Precision", "Recall", "F1ByLabel", "RecallByLabel"),
}
# Evidently takes two classes for a task of two, whose positive one it must know. Where a window holds two
# of several, these are drawn, which need none.
OF_EACH_CLASS = ("F1ByLabel", "RecallByLabel")
Errors = Literal["regression", "classification"]
Values = NDArray[Any]


@dataclass(frozen=True)
class WatchedColumn:
    """A column that is compared with the reference; a categorical one holds text."""

    name: str
    method: str
    categorical: bool = False
    limit: float | None = None


@dataclass(frozen=True)
class Side:
    """The window or its reference: watched columns of all rows, and target and prediction of the judged."""

    columns: Mapping[str, Values]
    target: Values = field(default_factory=lambda: np.empty(0))
    prediction: Values = field(default_factory=lambda: np.empty(0))

    def frame(self, names: Sequence[str], *, with_errors: bool) -> "pd.DataFrame":
        """Put the rows for drift and those for errors side by side; the shorter side ends in NaN."""
        import pandas as pd

        rows = pd.DataFrame({name: self.columns[name] for name in names})
        if not with_errors:
            return rows
        errors = pd.DataFrame({JUDGED_TARGET: self.target, JUDGED_PREDICTION: self.prediction})
        return pd.concat([rows, errors], axis=1)


@dataclass(frozen=True)
class WindowReport:
    """What Evidently says of one window.

    Attributes:
        snapshot: Evidently's own, for its UI.
        outcomes: Columns that hold target or prediction, shown on a page of their own.
        has_errors: Whether both sides had judged rows.
    """

    snapshot: Any
    outcomes: tuple[str, ...]
    has_errors: bool

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

    def drift(self, column: str) -> float | None:
        """Return a column's distance from the reference, None where the window has no value."""
        found = {m["config"]["column"]: m["value"] for m in self._metrics() if _type(m) == "ValueDrift"}
        value = found.get(column)
        return None if value is None or np.isnan(value) else float(value)

    def error(self, name: str, part: str | None, *, side: str) -> float:
        """Return one error metric of ``current`` or ``reference``, whose values only the context has."""
        metric = {_type(m): m for m in self._metrics() if "column" not in m["config"]}[name]
        context = self.snapshot.context
        read = context.get_metric_result if side == "current" else context.get_reference_metric_result
        result = read(metric["id"])
        return float((result if part is None else getattr(result, part)).value)

    def _metrics(self) -> list[dict[str, Any]]:
        metrics: list[dict[str, Any]] = self.snapshot.dict()["metrics"]
        return metrics


def run_report(
    current: Side,
    reference: Side,
    columns: Sequence[WatchedColumn],
    *,
    errors: Errors,
    outcomes: tuple[str, ...],
    labels: Mapping[str, str],
    timestamp: dt.datetime,
    positive: str | None = None,
) -> WindowReport:
    """Compare a window with its reference.

    Args:
        current: The window.
        reference: What it is compared with.
        columns: What is compared; a column that the window lacks altogether is left out.
        errors: Which errors are drawn where both sides have judged rows.
        outcomes: Names of the columns with target and prediction.
        labels: Stored with Evidently's snapshot, such as the model version.
        timestamp: Of the window in Evidently's UI.
        positive: The class that Evidently's figures are about, where there are two.
    """
    os.environ["DO_NOT_TRACK"] = "1"  # read by Evidently when it is imported
    from evidently import Dataset, Report

    has_errors = min(len(current.target), len(reference.target)) >= FEWEST_ERRORS
    definition = _definition(columns, errors if has_errors else None, positive)
    names = [column.name for column in columns]
    given = (current, reference)
    frames = [side.frame(names, with_errors=has_errors) for side in given]
    sides = [Dataset.from_pandas(frame, definition) for frame in frames]
    metrics = [*_drift_metrics([c for c in columns if _has(current.columns[c.name])])]
    if has_errors:
        seems_binary = errors == "classification" and positive is None and 2 in map(_n_classes, given)
        metrics += _error_metrics(OF_EACH_CLASS if seems_binary else ERROR_METRICS[errors])
    report = Report(metrics, metadata=dict(labels), tags=[*labels.values()])
    return WindowReport(report.run(*sides, timestamp=timestamp), outcomes, has_errors)


def _definition(columns: Sequence[WatchedColumn], errors: Errors | None, positive: str | None) -> Any:
    from evidently import BinaryClassification, DataDefinition, MulticlassClassification, Regression

    numerical = [column.name for column in columns if not column.categorical]
    categorical = [column.name for column in columns if column.categorical]
    judged = [JUDGED_TARGET, JUDGED_PREDICTION]
    outcome = {"target": JUDGED_TARGET, "prediction_labels": JUDGED_PREDICTION}
    classification: Any = MulticlassClassification(**outcome)
    if positive is not None:
        classification = BinaryClassification(**outcome, pos_label=positive)
    regression = Regression(target=JUDGED_TARGET, prediction=JUDGED_PREDICTION)
    return DataDefinition(
        numerical_columns=[*numerical, *(judged if errors == "regression" else [])],
        categorical_columns=[*categorical, *(judged if errors == "classification" else [])],
        regression=[regression] if errors == "regression" else None,
        classification=[classification] if errors == "classification" else None,
    )


def _has(values: Values) -> bool:
    if values.dtype == object:
        return any(value is not None for value in values.tolist())
    return not bool(np.isnan(values).all())


def _drift_metrics(columns: Sequence[WatchedColumn]) -> list[Any]:
    """Return a metric a column; Evidently's count of drifted columns would compute each a second time."""
    from evidently import metrics as of

    drift = [of.ValueDrift(column=c.name, method=c.method, threshold=c.limit) for c in columns]
    missing = [of.MissingValueCount(column=column.name) for column in columns]
    return [*drift, of.RowCount(), *missing]


def _error_metrics(names: Sequence[str]) -> list[Any]:
    from evidently import metrics as of

    return [getattr(of, name)() for name in names]


def _n_classes(side: Side) -> int:
    return len({*side.target.tolist(), *side.prediction.tolist()})


def _type(metric: Mapping[str, Any]) -> str:
    name: str = metric["config"]["type"].rsplit(":", 1)[1]
    return name
