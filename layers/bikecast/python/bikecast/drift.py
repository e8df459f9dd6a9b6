"""The verdict on one window: distances as effect sizes, limits learned from history, k of n windows.

Nothing here is a p-value: with enough rows any difference is significant, and an alarm that
depends on traffic is noise. Pure: arrays in, verdict out.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Array = NDArray[np.float64]

HIGHEST_SEVERITY = 10.0
LOG_RATIO = "log ratio"  # a method; its scores are shown in percent
# Source: evidently.legacy.calculations.stattests.wasserstein_distance_norm, so that both give one number.
SMALLEST_SPREAD = 0.001


class Kind(StrEnum):
    """What a score is about; each kind has at most one open incident a model version."""

    DRIFT = "drift"
    PERFORMANCE = "performance"
    QUALITY = "quality"


class WindowVerdict(StrEnum):
    """What the monitor says of one window."""

    OK = "ok"
    WATCH = "watch"
    DEGRADED = "degraded"
    SEVERE = "severe"
    NO_DATA = "no_data"


@dataclass(frozen=True)
class Score:
    """One effect size of one window; the larger, the more unusual.

    A serious one may make a window severe: the model is wrong, by far and again. Narrow intervals or
    another rhythm of the day are worth an incident, but no reason to stop everything. An important one may,
    too, and then the model's answers are distrusted: they rest on an input that is no longer what it was.
    ``is_fall`` tells that a quantity fell, so that its log ratio is shown as the percentage of a fall.
    """

    name: str
    kind: Kind
    method: str
    value: float
    sentence: str = ""
    serious: bool = False
    important: bool = False
    is_fall: bool = False


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Part):
    """When one score counts as unusual, and what it was compared with."""

    value: float = Field(gt=0)
    kind: Kind
    method: str
    history_median: float = 0.0
    history_p90: float = 0.0


class DriftLimits(_Part):
    """Limits of one model version, as its own history sets them."""

    schema_version: int = 1
    window_days: int = Field(7, ge=1)
    window_rows: int | None = Field(None, ge=1, description="Rows a window where rows have no time.")
    windows_needed: int = Field(2, ge=1, description="k: unusual windows that make an alarm ...")
    windows_seen: int = Field(3, ge=1, description="... n: among the last n, this one included.")
    alarm_factors: dict[Kind, float] = Field(
        description="By kind: limits are this many times the 90th percentile of history."
    )
    watch_factor: float = Field(1.25, description="One window this many times over a limit is to be watched.")
    severe_factor: float = Field(2.0, description="An alarm this many times its limit is severe.")
    target_false_alarms_a_quarter: float
    measured_false_alarms_a_quarter: float
    history_start: dt.datetime
    history_end: dt.datetime
    n_windows: int
    limits: dict[str, Limit]


@dataclass(frozen=True)
class Judgement:
    """The verdict, how far over the limit and why, and the incidents that it makes, each with its own why.

    ``distrusted`` names the important inputs that shifted by far and again.
    A window that is ok has no reasons, even where a score is a little over its limit.
    """

    verdict: WindowVerdict
    severity: float
    reasons: tuple[str, ...] = ()
    unusual: Mapping[str, float] = field(default_factory=dict)
    alarms: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    distrusted: tuple[str, ...] = ()


def wasserstein(current: Array, reference: Array) -> float:
    """Return the first Wasserstein distance in units of the reference's standard deviation.

    NaN are left out; NaN if a side has no value.
    """
    left, right = np.sort(current[~np.isnan(current)]), np.sort(reference[~np.isnan(reference)])
    if not left.size or not right.size:
        return float("nan")
    values = np.concatenate([left, right])
    values.sort()
    steps = np.diff(values)
    below_left = np.searchsorted(left, values[:-1], side="right") / left.size
    below_right = np.searchsorted(right, values[:-1], side="right") / right.size
    return float(np.sum(np.abs(below_left - below_right) * steps) / max(right.std(), SMALLEST_SPREAD))


def jensen_shannon(current: Array, reference: Array) -> float:
    """Return the Jensen-Shannon distance (natural logarithm, 0 to 0.83) of two vectors of weights."""
    if not current.sum() or not reference.sum():
        return float("nan")
    left, right = current / current.sum(), reference / reference.sum()
    middle = (left + right) / 2
    divergence = (_relative_entropy(left, middle) + _relative_entropy(right, middle)) / 2
    return float(np.sqrt(max(divergence, 0.0)))


def _relative_entropy(weights: Array, base: Array) -> float:
    seen = weights > 0
    return float(np.sum(weights[seen] * np.log(weights[seen] / base[seen])))


def judge(
    scores: Sequence[Score], thresholds: DriftLimits, *, previous: Sequence[Mapping[str, float]]
) -> Judgement:
    """Judge one window by its scores and those of the windows before it.

    Args:
        scores: This window's; a NaN score says nothing.
        thresholds: Limits of the model version; a score without a limit says nothing.
        previous: Score values of earlier windows of the same length, any order; the newest
            ``windows_seen - 1`` are expected, more would loosen the rule.
    """
    unusual = over_limits({score.name: score.value for score in scores}, thresholds)
    windows = [unusual, *(over_limits(window, thresholds) for window in previous)]
    alarming = lasting(windows, thresholds)
    severe = {
        name for name in alarming if _persists(name, windows, thresholds, times=thresholds.severe_factor)
    }
    stopping = {score.name for score in scores if score.serious or score.important}
    verdict = _verdict(windows, alarming, thresholds, is_severe=bool(severe & stopping))
    over = {name: unusual[name] for name in alarming} or unusual
    reasons = _reasons([score for score in scores if score.name in over], over, thresholds)
    kinds = sorted({thresholds.limits[name].kind for name in alarming})
    return Judgement(
        verdict=verdict,
        severity=round(min(max(over.values(), default=0.0), HIGHEST_SEVERITY), 3),
        reasons=() if verdict is WindowVerdict.OK else tuple(reasons.values()),
        unusual=unusual,
        alarms={
            kind: tuple(why for name, why in reasons.items() if thresholds.limits[name].kind is kind)
            for kind in kinds
        },
        distrusted=tuple(score.name for score in scores if score.important and score.name in severe),
    )


def over_limits(values: Mapping[str, float], thresholds: DriftLimits) -> dict[str, float]:
    """Return how many times over its limit each unusual score of a window is; NaN is over none."""
    limits = thresholds.limits
    return {n: v / limits[n].value for n, v in values.items() if n in limits and v > limits[n].value}


def lasting(windows: Sequence[Mapping[str, float]], thresholds: DriftLimits) -> set[str]:
    """Return the scores that alarm: unusual in this window, the first one, and in enough of all windows."""
    return {name for name in windows[0] if _persists(name, windows, thresholds)}


def _persists(
    name: str, windows: Sequence[Mapping[str, float]], thresholds: DriftLimits, *, times: float = 1.0
) -> bool:
    if thresholds.limits[name].kind is Kind.QUALITY:
        return True  # a missing column or a stuck sensor is a fact, not a tendency
    return sum(window.get(name, 0.0) >= times for window in windows) >= thresholds.windows_needed


def _verdict(
    windows: Sequence[Mapping[str, float]], alarming: set[str], thresholds: DriftLimits, *, is_severe: bool
) -> WindowVerdict:
    """Severe and degraded say that the model or its data are bad; strange weather alone is to be watched."""
    kinds = {thresholds.limits[name].kind for name in alarming}
    if is_severe:
        return WindowVerdict.SEVERE
    if kinds - {Kind.DRIFT}:
        return WindowVerdict.DEGRADED
    far_over = max(windows[0].values(), default=0.0) >= thresholds.watch_factor
    return WindowVerdict.WATCH if kinds or far_over else WindowVerdict.OK


def _reasons(scores: Sequence[Score], over: Mapping[str, float], thresholds: DriftLimits) -> dict[str, str]:
    worst_first = sorted(scores, key=lambda score: -over[score.name])
    return {score.name: _reason(score, thresholds.limits[score.name]) for score in worst_first}


def _reason(score: Score, limit: Limit) -> str:
    text = score.sentence or f"{score.name} is unusual"
    if limit.method == LOG_RATIO:
        shown = (_percent(value, is_fall=score.is_fall) for value in (score.value, limit.value))
        return "{}: {}, limit {}".format(text, *shown)
    return f"{text}: {_short(score.value)}, limit {_short(limit.value)}"


def _percent(log_ratio: float, *, is_fall: bool) -> str:
    change = -np.expm1(-log_ratio) if is_fall else np.expm1(log_ratio)
    return f"{change * 100:.0f} %"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
