"""The gate: a pure function of two models' answers for the same rows that decides who serves."""

from enum import StrEnum

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bikecast.arrays import Array, Mask
from bikecast.errors import JudgementError
from bikecast.evaluation import reasons
from bikecast.evaluation.bootstrap import Change, Draws, Share, day_blocks, row_blocks
from bikecast.evaluation.holdout import Holdout
from bikecast.evaluation.outcome import Outcome


class Decision(StrEnum):
    """Who serves from now on."""

    PROMOTE = "promote"
    REJECT = "reject"


class PromotionThresholds(BaseModel):
    """What a challenger must show.

    Attributes:
        improvement: Least relative fall of the primary metric's error against the champion.
        confident_gain: Least fall that the bootstrap's upper bound must show; 0 means "significantly
            better at all".
        confidence: Of the bounds.
        segment_confidence: A segment fails if it is worse with this confidence ...
        segment_days: ... and has rows on at least this many days, ...
        fewest_rows: ... or has this many rows where rows have no time; the holdout needs as many.
        block_days: Days that are drawn together.
        fewest_blocks: Blocks of days that a holdout needs.
        draws: Of the bootstrap.
        coverage_tolerance: How far the true coverage of interval or prediction set may lie below the one
            that is claimed; it fails where even the upper bound of the measured coverage lies lower, so that
            a holdout of few blocks is not held against it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    improvement: float = Field(0.1, ge=0, lt=1)
    confident_gain: float = Field(0.0, ge=0, lt=1)
    confidence: float = Field(0.95, gt=0.5, lt=1)
    segment_confidence: float = Field(0.99, gt=0.5, lt=1)
    segment_days: int = Field(5, ge=2)
    fewest_rows: int = Field(50, ge=2)
    block_days: int = Field(2, ge=1)
    fewest_blocks: int = Field(4, ge=2)
    draws: int = Field(2000, ge=200)
    coverage_tolerance: float = Field(0.03, ge=0, lt=1)


class GateDecision(BaseModel):
    """The decision, its reason in one sentence, and everything that it rests on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    reason: str
    beats_baselines: bool
    metric: str | None = None
    bootstrap: Change | None = None
    baselines: dict[str, Change] = Field(default_factory=dict)
    segments: dict[str, Change] = Field(default_factory=dict)
    worse_segments: tuple[str, ...] = ()
    coverage: Share | None = None


def judge(holdout: Holdout, thresholds: PromotionThresholds, *, seed: int) -> GateDecision:
    """Decide whether the challenger replaces the champion.

    Raises:
        JudgementError: No rows, a value that is not finite, lengths that differ, too few days or rows, a
            rival without any error, a metric that cannot decide; the champion stays.
    """
    holdout.check()
    return _Gate(holdout, thresholds, seed=seed).decide()


class _Gate:
    """One judgement; every comparison in it draws the same blocks."""

    def __init__(self, holdout: Holdout, thresholds: PromotionThresholds, *, seed: int) -> None:
        self._holdout, self._limits, self._metric = holdout, thresholds, holdout.metric
        self._draws = _draws(holdout, thresholds, seed=seed)
        self._ours = self._parts(holdout.challenger)

    def decide(self) -> GateDecision:
        baselines = {name: self._compare(rival) for name, rival in sorted(self._holdout.baselines.items())}
        unbeaten = [name for name, change in baselines.items() if not change.high < 0]
        found = GateDecision(
            decision=Decision.REJECT,
            reason=reasons.first_model(self._metric.title, has_baselines=bool(baselines)),
            beats_baselines=not unbeaten,
            metric=self._metric.name,
            baselines=baselines,
            coverage=self._coverage(),
        )
        if unbeaten:
            named = [f"{name} ({self._short(name, baselines[name])})" for name in unbeaten]
            return _decided(found, Decision.REJECT, reasons.unbeaten(named))
        if (too_narrow := self._too_narrow(found.coverage)) is not None:
            return _decided(found, Decision.REJECT, too_narrow)
        if self._holdout.champion is None:
            return _decided(found, Decision.PROMOTE, found.reason)
        return self._against_champion(found, self._holdout.champion)

    def _against_champion(self, found: GateDecision, champion: Outcome) -> GateDecision:
        overall, theirs = self._compare(champion), self._parts(champion)
        segments = {
            name: self._change(theirs, rows, self._limits.segment_confidence)
            for name, rows in sorted(self._holdout.segments.items())
            if self._is_large(rows)
        }
        worse = tuple(name for name, change in segments.items() if change.low > 0)
        gain = reasons.comparison(
            self._metric, overall, ours=self._value(self._ours), theirs=self._value(theirs)
        )
        decision, reason = _weigh(gain, overall, worse, limits=self._limits)
        update = {"bootstrap": overall, "segments": segments, "worse_segments": worse}
        return _decided(found.model_copy(update=update), decision, reason)

    def _compare(self, rival: Outcome) -> Change:
        theirs = self._parts(rival)
        if not self._metric.error(self._metric.value(theirs.sum(axis=0))) > 0:
            raise JudgementError("rival has zero error on the holdout: suspected leakage")
        return self._change(theirs, np.ones(len(theirs), dtype=bool), self._limits.confidence)

    def _change(self, theirs: Array, rows: Mask, confidence: float) -> Change:
        return self._draws.change(self._metric, self._ours, theirs, rows=rows, confidence=confidence)

    def _parts(self, outcome: Outcome) -> Array:
        return self._metric.parts(self._holdout.target, outcome)

    def _value(self, parts: Array) -> float:
        return float(self._metric.value(parts.sum(axis=0)))

    def _is_large(self, rows: Mask) -> bool:
        if self._holdout.time is None:
            return int(rows.sum()) >= self._limits.fewest_rows
        days = np.unique(self._holdout.time[rows].astype("datetime64[D]"))
        return days.size >= self._limits.segment_days

    def _coverage(self) -> Share | None:
        if self._holdout.coverage is None:
            return None
        covered = self._holdout.challenger.covers(self._holdout.target)
        if covered is None:
            raise JudgementError("challenger claims a coverage but has neither intervals nor prediction sets")
        return self._draws.share(covered, confidence=self._limits.confidence)

    def _too_narrow(self, measured: Share | None) -> str | None:
        claimed = self._holdout.coverage
        if measured is None or claimed is None:
            return None
        least = claimed - self._limits.coverage_tolerance
        if measured.high >= least:
            return None
        is_set = self._holdout.challenger.in_set is not None
        return reasons.too_narrow(measured, claimed=claimed, least=least, is_set=is_set)

    def _short(self, name: str, change: Change) -> str:
        theirs = self._value(self._parts(self._holdout.baselines[name]))
        return reasons.short_comparison(self._metric, change, ours=self._value(self._ours), theirs=theirs)


def _weigh(
    gain: str, overall: Change, worse: tuple[str, ...], *, limits: PromotionThresholds
) -> tuple[Decision, str]:
    if not (overall.change < 0 and -overall.change >= limits.improvement):
        return Decision.REJECT, reasons.too_small(gain, limits.improvement)
    if not overall.high < -limits.confident_gain:
        return Decision.REJECT, reasons.too_unsure(gain, limits.confident_gain)
    if worse:
        return Decision.REJECT, f"{gain}, but it is significantly worse on: {', '.join(worse)}"
    return Decision.PROMOTE, f"{gain} and no segment is significantly worse"


def _decided(found: GateDecision, decision: Decision, reason: str) -> GateDecision:
    return found.model_copy(update={"decision": decision, "reason": reason})


def _draws(holdout: Holdout, thresholds: PromotionThresholds, *, seed: int) -> Draws:
    """Raise ``JudgementError`` where there is too little to draw from."""
    if holdout.time is None:
        if holdout.target.size < thresholds.fewest_rows:
            raise JudgementError(
                f"{holdout.target.size} rows are too few to judge on; {thresholds.fewest_rows} are needed"
            )
        return Draws(row_blocks(holdout.target.size, seed=seed), n_draws=thresholds.draws, seed=seed)
    blocks = day_blocks(holdout.time, block_days=thresholds.block_days)
    draws = Draws(blocks, n_draws=thresholds.draws, seed=seed)
    if draws.n_blocks < thresholds.fewest_blocks:
        raise JudgementError(
            f"{draws.n_blocks} blocks of {thresholds.block_days} days are too few to judge on; "
            f"{thresholds.fewest_blocks} are needed"
        )
    return draws
