"""Laws of the gate, and the cases in which the champion must stay."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bikecast.errors import JudgementError
from bikecast.gate import Decision, Holdout, Thresholds, judge

HOURS = np.arange("2024-11-01", "2024-12-01", dtype="datetime64[h]")
N_DAYS = HOURS.size // 24
ACTUAL = 1000 + 500 * np.sin(HOURS.astype(np.int64) * 2 * np.pi / 24)
THRESHOLDS = Thresholds(draws=400)
SEGMENTS = {"night": HOURS.astype(np.int64) % 24 < 6, "day": HOURS.astype(np.int64) % 24 >= 6}

seeds = st.integers(0, 2**32 - 1)
spreads = st.floats(1, 300)


def _errors(seed: int, spread: float) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, spread, HOURS.size)
    return np.where(np.abs(noise) < 1e-3, 1e-3, noise)


def _holdout(challenger: np.ndarray, champion: np.ndarray | None) -> Holdout:
    return Holdout(
        hours=HOURS,
        actual=ACTUAL,
        challenger=ACTUAL + challenger,
        champion=None if champion is None else ACTUAL + champion,
        baselines={"mean_of_four_weeks": ACTUAL + _errors(99, 2000)},
        segments=SEGMENTS,
    )


@settings(deadline=None)  # a busy machine is no failure
@given(seeds, spreads, st.floats(1.001, 50))
def test_never_promotes_what_is_worse_on_every_block(seed: int, spread: float, factor: float) -> None:
    errors = _errors(seed, spread)
    verdict = judge(_holdout(errors * factor, errors), THRESHOLDS, seed=seed)
    assert verdict.decision is Decision.REJECT


@settings(deadline=None)  # a busy machine is no failure
@given(seeds, spreads)
def test_identical_models_are_never_promoted(seed: int, spread: float) -> None:
    errors = _errors(seed, spread)
    for improvement in (0.0, 0.1):
        thresholds = THRESHOLDS.model_copy(update={"improvement": improvement})
        assert judge(_holdout(errors, errors), thresholds, seed=seed).decision is Decision.REJECT


@settings(deadline=None)  # a busy machine is no failure
@given(seeds, spreads, st.floats(0.5, 1.2), st.floats(0, 1))
def test_smaller_errors_never_turn_a_promotion_into_a_rejection(
    seed: int, spread: float, factor: float, shrink: float
) -> None:
    champion, challenger = _errors(seed, spread), _errors(seed + 1, spread) * factor
    if judge(_holdout(challenger, champion), THRESHOLDS, seed=7).decision is Decision.PROMOTE:
        better = judge(_holdout(challenger * shrink, champion), THRESHOLDS, seed=7)
        assert better.decision is Decision.PROMOTE


@settings(deadline=None)  # a busy machine is no failure
@given(seeds, spreads, st.floats(0.3, 1.5), st.sampled_from([0.001, 0.1, 1000.0]))
def test_decision_does_not_depend_on_the_unit(seed: int, spread: float, factor: float, scale: float) -> None:
    holdout = _holdout(_errors(seed + 1, spread) * factor, _errors(seed, spread))
    scaled = dataclasses.replace(
        holdout,
        actual=holdout.actual * scale,
        challenger=holdout.challenger * scale,
        champion=None if holdout.champion is None else holdout.champion * scale,
        baselines={name: values * scale for name, values in holdout.baselines.items()},
    )
    ours, theirs = judge(holdout, THRESHOLDS, seed=3), judge(scaled, THRESHOLDS, seed=3)
    assert ours.decision is theirs.decision
    assert ours.bootstrap is not None
    assert theirs.bootstrap is not None
    assert ours.bootstrap.change == pytest.approx(theirs.bootstrap.change, rel=1e-6, abs=1e-9)


def test_a_clear_gain_everywhere_is_promoted() -> None:
    verdict = judge(_holdout(_errors(1, 80), _errors(2, 100)), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.PROMOTE
    assert verdict.bootstrap is not None
    assert verdict.bootstrap.high < 0
    assert "no segment" in verdict.reason


def test_a_gain_below_the_threshold_is_rejected() -> None:
    errors = _errors(2, 100)
    verdict = judge(_holdout(errors * 0.95, errors), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.REJECT
    assert "-10.0%" in verdict.reason


def test_a_gain_that_one_storm_explains_is_rejected() -> None:
    champion = _errors(2, 50)
    champion[:24] *= 60  # one day rules the champion's error; elsewhere they are alike
    challenger = champion.copy()
    challenger[:24] /= 60
    verdict = judge(_holdout(challenger, champion), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.REJECT


def test_a_significantly_worse_segment_is_named() -> None:
    champion = _errors(2, 100)
    challenger = np.where(SEGMENTS["night"], champion * 1.5, champion * 0.5)
    verdict = judge(_holdout(challenger, champion), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.REJECT
    assert verdict.worse_segments == ("night",)


def test_first_model_must_beat_every_baseline() -> None:
    assert judge(_holdout(_errors(1, 100), None), THRESHOLDS, seed=1).decision is Decision.PROMOTE
    verdict = judge(_holdout(_errors(1, 3000), None), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.REJECT
    assert not verdict.beats_baselines
    assert "mean_of_four_weeks" in verdict.reason


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("who", ["actual", "challenger", "champion"])
def test_values_that_are_not_finite_stop_the_judgement(who: str, bad: float) -> None:
    holdout = _holdout(_errors(1, 10), _errors(2, 100))
    values = getattr(holdout, who).copy()
    values[5] = bad
    with pytest.raises(JudgementError, match=who):
        judge(dataclasses.replace(holdout, **{who: values}), THRESHOLDS, seed=1)


def test_no_rows_and_too_few_days_stop_the_judgement() -> None:
    holdout = _holdout(_errors(1, 10), None)
    few = Holdout(HOURS[:48], ACTUAL[:48], holdout.challenger[:48])
    with pytest.raises(JudgementError, match="too few"):
        judge(few, THRESHOLDS, seed=1)
    with pytest.raises(JudgementError, match="no hours"):
        judge(Holdout(HOURS[:0], ACTUAL[:0], ACTUAL[:0]), THRESHOLDS, seed=1)


def test_same_seed_gives_the_same_verdict() -> None:
    holdout = _holdout(_errors(1, 80), _errors(2, 100))
    assert judge(holdout, THRESHOLDS, seed=5) == judge(holdout, THRESHOLDS, seed=5)


def _with_coverage(share: float, *, days: int = N_DAYS) -> Holdout:
    """A challenger that beats its baseline and whose interval holds this share of every day's hours."""
    hours = HOURS[: days * 24]
    covered = (np.arange(hours.size) % 24) < round(share * 24)
    return Holdout(
        hours=hours,
        actual=ACTUAL[: hours.size],
        challenger=(ACTUAL + _errors(1, 20))[: hours.size],
        baselines={"mean_of_four_weeks": (ACTUAL + _errors(99, 2000))[: hours.size]},
        covered=covered,
    )


def test_an_interval_that_holds_far_less_than_it_claims_is_not_promoted_and_the_reason_says_so() -> None:
    verdict = judge(_with_coverage(0.78), THRESHOLDS, seed=1)
    assert verdict.decision is Decision.REJECT
    assert verdict.beats_baselines
    assert "its 90% interval held 79.2% of the hours" in verdict.reason
    assert "at least 87% is needed" in verdict.reason


@settings(deadline=None)  # a busy machine is no failure
@given(st.floats(0.88, 1.0))
def test_an_interval_that_holds_what_it_claims_is_no_reason_against_a_challenger(share: float) -> None:
    assert judge(_with_coverage(share), THRESHOLDS, seed=1).decision is Decision.PROMOTE


def test_a_bad_stretch_is_not_held_against_an_interval_that_few_blocks_measured() -> None:
    few = _with_coverage(1.0, days=8)
    covered = np.ones(few.hours.size, dtype=bool)
    covered[:48] = np.arange(48) % 10 < 2  # one block of four: 80 % in all
    assert judge(dataclasses.replace(few, covered=covered), THRESHOLDS, seed=1).decision is Decision.PROMOTE


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 23), st.integers(0, 23), st.integers(0, 10))
def test_more_coverage_never_turns_a_promotion_into_a_rejection(few: int, more: int, seed: int) -> None:
    low, high = sorted((few / 24, more / 24))
    if judge(_with_coverage(low), THRESHOLDS, seed=seed).decision is Decision.PROMOTE:
        assert judge(_with_coverage(high), THRESHOLDS, seed=seed).decision is Decision.PROMOTE


def test_coverage_of_other_hours_is_refused() -> None:
    holdout = dataclasses.replace(_with_coverage(1.0), covered=np.ones(3, dtype=bool))
    with pytest.raises(JudgementError, match="covered has"):
        judge(holdout, THRESHOLDS, seed=1)
