"""The gate: a pure function of two forecasts of the same hours, and of thresholds, that says who serves.

The error ratio is judged by a paired block bootstrap: whole blocks of days are drawn with replacement,
for both models alike, because the hours of a day (and of one storm) err together.
Source: Kunsch, "The jackknife and the bootstrap for general stationary observations", 1989.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bikecast.arrays import Array, Hours, Mask
from bikecast.errors import JudgementError


class Decision(StrEnum):
    """Who serves from now on."""

    PROMOTE = "promote"
    REJECT = "reject"


class Thresholds(BaseModel):
    """What a challenger must show.

    ``improvement`` is the least relative fall of RMSE against the champion; ``confident_gain`` the least
    fall that the bootstrap's upper bound must show, so 0 means "surely better at all". A segment fails
    if it is worse with ``segment_confidence`` and has at least ``segment_days`` days. The interval fails if
    even the upper bound of its measured coverage lies more than ``coverage_tolerance`` below what it claims,
    so that a holdout of few blocks is not held against it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    improvement: float = Field(0.1, ge=0, lt=1)
    confident_gain: float = Field(0.0, ge=0, lt=1)
    confidence: float = Field(0.95, gt=0.5, lt=1)
    segment_confidence: float = Field(0.99, gt=0.5, lt=1)
    segment_days: int = Field(5, ge=2)
    block_days: int = Field(2, ge=1)
    fewest_blocks: int = Field(4, ge=2)
    draws: int = Field(2000, ge=200)
    coverage_tolerance: float = Field(0.03, ge=0, lt=1)


class Change(BaseModel):
    """Relative change of RMSE, challenger against rival: -0.1 is a tenth less error; with its bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change: float
    low: float
    high: float
    n_days: int
    confidence: float


class Verdict(BaseModel):
    """The decision, its reason in one sentence, and everything that it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    reason: str
    beats_baselines: bool
    bootstrap: Change | None = None
    baselines: dict[str, Change] = Field(default_factory=dict)
    segments: dict[str, Change] = Field(default_factory=dict)
    worse_segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Holdout:
    """The hours that tuning never saw, and what each contestant says of them; every array has shape (n,).

    ``covered`` says which hours lie inside the challenger's interval, ``coverage`` how many shall.
    """

    hours: Hours
    actual: Array
    challenger: Array
    champion: Array | None = None
    baselines: Mapping[str, Array] = field(default_factory=dict)
    segments: Mapping[str, Mask] = field(default_factory=dict)
    covered: Mask | None = None
    coverage: float = 0.9


def judge(holdout: Holdout, thresholds: Thresholds, *, seed: int) -> Verdict:
    """Decide whether the challenger replaces the champion.

    Raises:
        JudgementError: No rows, a value that is not finite, lengths that differ, or too few days; the
            champion stays.
    """
    _check(holdout)
    draws = _Draws(holdout.hours, thresholds, seed=seed)
    baselines = {name: draws.change(holdout, rival) for name, rival in sorted(holdout.baselines.items())}
    beaten = all(change.high < 0 for change in baselines.values())
    if not beaten:
        return _verdict(Decision.REJECT, _unbeaten(baselines), beats_baselines=False, baselines=baselines)
    too_narrow = _too_narrow(holdout, thresholds, draws=draws)
    if too_narrow is not None:
        return _verdict(Decision.REJECT, too_narrow, beats_baselines=True, baselines=baselines)
    if holdout.champion is None:
        reason = "the first model: there is no champion and every baseline is beaten"
        return _verdict(Decision.PROMOTE, reason, beats_baselines=True, baselines=baselines)
    return _against_champion(holdout, thresholds, draws=draws, baselines=baselines)


def _too_narrow(holdout: Holdout, thresholds: Thresholds, *, draws: "_Draws") -> str | None:
    """Return how the interval holds less than it claims, or None."""
    if holdout.covered is None:
        return None
    low, high = draws.share(holdout.covered)
    least = holdout.coverage - thresholds.coverage_tolerance
    if high >= least:
        return None
    return (
        f"its {holdout.coverage:.0%} interval held {holdout.covered.mean():.1%} of the hours "
        f"({thresholds.confidence:.0%} interval: {low:.1%} to {high:.1%}); at least {least:.0%} is needed"
    )


def _against_champion(
    holdout: Holdout, thresholds: Thresholds, *, draws: "_Draws", baselines: dict[str, Change]
) -> Verdict:
    champion = holdout.champion
    assert champion is not None
    overall = draws.change(holdout, champion)
    segments = {
        name: draws.change(holdout, champion, mask=mask, confidence=thresholds.segment_confidence)
        for name, mask in sorted(holdout.segments.items())
        if draws.days(mask) >= thresholds.segment_days
    }
    worse = tuple(name for name, change in segments.items() if change.low > 0)
    decision, reason = _decide(overall, worse, thresholds=thresholds)
    return Verdict(
        decision=decision,
        reason=reason,
        beats_baselines=True,
        bootstrap=overall,
        baselines=baselines,
        segments=segments,
        worse_segments=worse,
    )


def _decide(overall: Change, worse: tuple[str, ...], *, thresholds: Thresholds) -> tuple[Decision, str]:
    gain = f"RMSE changes by {overall.change:+.1%} (between {overall.low:+.1%} and {overall.high:+.1%})"
    if not (overall.change < 0 and -overall.change >= thresholds.improvement):
        return Decision.REJECT, f"{gain}; at least -{thresholds.improvement:.1%} is asked for"
    if not overall.high < -thresholds.confident_gain:
        return Decision.REJECT, f"{gain}; the upper bound must lie below -{thresholds.confident_gain:.1%}"
    if worse:
        return Decision.REJECT, f"{gain}, but it is significantly worse on: {', '.join(worse)}"
    return Decision.PROMOTE, f"{gain} and no segment is significantly worse"


def _unbeaten(baselines: Mapping[str, Change]) -> str:
    names = [f"{name} ({change.change:+.1%})" for name, change in baselines.items() if not change.high < 0]
    return f"it does not surely beat the baseline {', '.join(names)}"


def _verdict(
    decision: Decision, reason: str, *, beats_baselines: bool, baselines: dict[str, Change]
) -> Verdict:
    return Verdict(decision=decision, reason=reason, beats_baselines=beats_baselines, baselines=baselines)


def _check(holdout: Holdout) -> None:
    if holdout.covered is not None and holdout.covered.shape != holdout.hours.shape:
        raise JudgementError(f"covered has {holdout.covered.shape} values for {holdout.hours.shape} hours")
    contestants = {"actual": holdout.actual, "challenger": holdout.challenger, **holdout.baselines}
    if holdout.champion is not None:
        contestants["champion"] = holdout.champion
    if holdout.hours.size == 0:
        raise JudgementError("there are no hours to judge on")
    for name, values in contestants.items():
        if values.shape != holdout.hours.shape:
            raise JudgementError(f"{name} has {values.shape} values for {holdout.hours.shape} hours")
        if not np.isfinite(values).all():
            raise JudgementError(f"{name} holds values that are not finite")


class _Draws:
    """How often each block of days is drawn, the same for every comparison."""

    def __init__(self, hours: Hours, thresholds: Thresholds, *, seed: int) -> None:
        self._days = hours.astype("datetime64[D]")
        self._confidence = thresholds.confidence
        since_start = (self._days - self._days.min()).astype(np.int64) // thresholds.block_days
        blocks, self._block_of_hour = np.unique(since_start, return_inverse=True)
        if blocks.size < thresholds.fewest_blocks:
            raise JudgementError(
                f"{blocks.size} blocks of {thresholds.block_days} days are too few to judge on; "
                f"{thresholds.fewest_blocks} are needed"
            )
        generator = np.random.default_rng(seed)
        share = np.full(blocks.size, 1 / blocks.size)
        self._counts = generator.multinomial(blocks.size, share, size=thresholds.draws).astype(np.float64)

    def days(self, mask: Mask) -> int:
        return int(np.unique(self._days[mask]).size)

    def share(self, true: Mask) -> tuple[float, float]:
        """Return the bounds of how often something holds."""
        size = self._counts.shape[1]
        held = np.bincount(self._block_of_hour, true.astype(np.float64), minlength=size)
        shares = (self._counts @ held) / (self._counts @ np.bincount(self._block_of_hour, minlength=size))
        low, high = np.quantile(shares, [(1 - self._confidence) / 2, (1 + self._confidence) / 2])
        return float(low), float(high)

    def change(
        self, holdout: Holdout, rival: Array, *, mask: Mask | None = None, confidence: float | None = None
    ) -> Change:
        inside = np.ones(holdout.hours.shape, dtype=bool) if mask is None else mask
        ours = self._squares(holdout.challenger - holdout.actual, inside)
        theirs = self._squares(rival - holdout.actual, inside)
        if theirs.sum() == 0:
            raise JudgementError("a rival without any error has seen the answers")
        level = self._confidence if confidence is None else confidence
        low, high = np.quantile(self._ratios(ours, theirs), [(1 - level) / 2, (1 + level) / 2])
        point = float(np.sqrt(ours.sum() / theirs.sum()) - 1)
        return Change(
            change=point, low=float(low), high=float(high), n_days=self.days(inside), confidence=level
        )

    def _squares(self, error: Array, inside: Mask) -> Array:
        squares = np.where(inside, error**2, 0.0)
        return np.bincount(self._block_of_hour, squares, minlength=self._counts.shape[1]).astype(np.float64)

    def _ratios(self, ours: Array, theirs: Array) -> Array:
        above, below = self._counts @ ours, self._counts @ theirs
        drawn = below > 0  # a draw can miss a small segment altogether
        ratios: Array = np.sqrt(above[drawn] / below[drawn]) - 1
        return ratios
