"""What the gate decides in single cases, and how it says so."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from bikecast.arrays import Array
from bikecast.errors import JudgementError
from bikecast.evaluation.bootstrap import MOST_ROW_BLOCKS, Change, Draws, row_blocks
from bikecast.evaluation.gate import Decision, PromotionThresholds, judge
from bikecast.evaluation.holdout import Holdout
from bikecast.evaluation.metrics import ACCURACY, BIAS, LOG_LOSS, RMSE, f1
from bikecast.evaluation.outcome import Outcome
from tests.unit.evaluation.cases import CASES, N_ROWS, TIME, severities

HOURS = np.arange("2024-11-01", "2024-12-01", dtype="datetime64[h]")
ACTUAL = 1000 + 500 * np.sin(HOURS.astype(np.int64) * 2 * np.pi / 24)
NIGHT = HOURS.astype(np.int64) % 24 < 6
SEGMENTS = {"night": NIGHT, "day": ~NIGHT, "one day": HOURS[24] > HOURS}
LIMITS = PromotionThresholds(draws=400)


def _errors(seed: int, spread: float) -> Array:
    return np.random.default_rng(seed).normal(0, spread, HOURS.size)


def _hourly(challenger: Array, champion: Array | None) -> Holdout:
    return Holdout(
        metric=RMSE,
        target=ACTUAL,
        challenger=Outcome(ACTUAL + challenger),
        champion=None if champion is None else Outcome(ACTUAL + champion),
        baselines={"mean_of_four_weeks": Outcome(ACTUAL + _errors(99, 300))},
        segments=SEGMENTS,
        time=HOURS,
    )


def _same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, change in ours.items():
        if change is None:
            assert theirs[name] is None
            continue
        for field in ("change", "low", "high", "confidence"):
            assert getattr(change, field) == pytest.approx(getattr(theirs[name], field), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("rows", "message"), [(48, "too few"), (0, "no rows")])
def test_too_little_to_judge_stops_the_judgement(rows: int, message: str) -> None:
    outcome = Outcome(ACTUAL[:rows] + 1)
    with pytest.raises(JudgementError, match=message):
        judge(Holdout(RMSE, ACTUAL[:rows], outcome, time=HOURS[:rows]), LIMITS, seed=1)


def test_too_few_rows_without_time_stop_the_judgement() -> None:
    with pytest.raises(JudgementError, match="49 rows are too few to judge on; 50 are needed"):
        judge(Holdout(RMSE, ACTUAL[:49], Outcome(ACTUAL[:49] + 1)), LIMITS, seed=1)


def test_the_reason_names_change_bounds_and_need() -> None:
    errors = _errors(2, 100)
    found = judge(_hourly(errors * 0.95, errors), LIMITS, seed=1)
    assert found.reason == (
        "RMSE is 5 % lower (95 % interval: 5 % lower to 5 % lower); a promotion needs 10 %"
    )
    assert judge(_hourly(_errors(1, 80), errors), LIMITS, seed=1).reason.endswith(
        "and no segment is significantly worse"
    )


def test_identical_models_are_told_that_nothing_changed() -> None:
    errors = _errors(2, 100)
    found = judge(_hourly(errors, errors), LIMITS.model_copy(update={"improvement": 0.0}), seed=1)
    assert found.reason == (
        "RMSE is unchanged (95 % interval: unchanged to unchanged); a promotion needs a lower error"
    )


def test_the_reason_for_a_score_says_how_the_score_moved() -> None:
    case = CASES["F1 of one class"]
    holdout = Holdout(
        case.metric, case.target, case.answer(severities(1, 0.2)), champion=case.answer(severities(2, 0.6))
    )
    found = judge(holdout, LIMITS, seed=1)
    assert found.bootstrap is not None
    ours, theirs = (case.metric.of(case.target, o) for o in (holdout.challenger, holdout.champion) if o)
    assert found.bootstrap.change == pytest.approx((1 - ours) / (1 - theirs) - 1)
    assert found.reason.startswith(
        f"F1 of cash is {ours:.3f} instead of {theirs:.3f}; its error, 1 - F1 of cash, is "
    )
    assert "lower (95 % interval: " in found.reason


def test_the_reason_names_a_baseline_that_is_not_beaten() -> None:
    found = judge(_hourly(_errors(1, 290), None), LIMITS, seed=1)
    assert found.reason.startswith("does not significantly beat the baseline mean_of_four_weeks (RMSE is ")


def test_a_gain_that_one_storm_explains_is_rejected() -> None:
    champion = _errors(2, 50)
    champion[:24] *= 60  # one day rules the champion's error; elsewhere they are alike
    challenger = champion.copy()
    challenger[:24] /= 60
    holdout = dataclasses.replace(_hourly(challenger, champion), baselines={})
    found = judge(holdout, LIMITS, seed=1)
    assert found.decision is Decision.REJECT
    assert "needs the whole interval to be lower" in found.reason


def test_a_confident_gain_can_be_asked_for() -> None:
    holdout = _hourly(_errors(1, 80), _errors(2, 100))
    assert judge(holdout, LIMITS, seed=1).decision is Decision.PROMOTE
    found = judge(holdout, LIMITS.model_copy(update={"confident_gain": 0.3}), seed=1)
    assert found.decision is Decision.REJECT
    assert "needs the whole interval to be at least 30 % lower" in found.reason


def test_a_significantly_worse_segment_is_named_and_a_short_one_is_not_compared() -> None:
    champion = _errors(2, 100)
    challenger = np.where(NIGHT, champion * 1.5, champion * 0.5)
    found = judge(_hourly(challenger, champion), LIMITS, seed=1)
    assert found.worse_segments == ("night",)
    assert found.reason.endswith("but it is significantly worse on: night")
    assert set(found.segments) == {"night", "day"}


def test_a_segment_in_which_the_champion_makes_no_error_can_be_lost_but_stops_nothing() -> None:
    """One wrong answer among rows that the champion gets right is luck, many are not."""
    target = np.zeros(N_ROWS)
    segment = np.arange(N_ROWS) < 100
    champion = Outcome(np.where(segment, 0.0, 1.0 * (np.arange(N_ROWS) % 2)))
    for n_wrong, worse in ((0, ()), (1, ()), (20, ("first",))):
        challenger = Outcome((np.arange(N_ROWS) < n_wrong).astype(np.float64))
        holdout = Holdout(ACCURACY, target, challenger, champion=champion, segments={"first": segment})
        assert judge(holdout, LIMITS, seed=1).worse_segments == worse


def test_an_interval_that_holds_too_little_is_rejected_and_a_small_shortfall_is_not() -> None:
    covered = np.random.default_rng(1).random(HOURS.size)
    holdout = _hourly(_errors(1, 80), _errors(2, 100))
    for measured, decision in ((0.78, Decision.REJECT), (0.88, Decision.PROMOTE), (0.97, Decision.PROMOTE)):
        low = np.where(covered < measured, -1e6, 1e6)
        challenger = dataclasses.replace(holdout.challenger, low=low, high=np.full(low.shape, 1e6))
        found = judge(dataclasses.replace(holdout, challenger=challenger, coverage=0.9), LIMITS, seed=1)
        assert found.decision is decision
        assert found.coverage is not None
        assert found.coverage.share == pytest.approx(measured, abs=0.03)
        assert ("90 % interval holds only" in found.reason) == (decision is Decision.REJECT)


def test_the_same_shortfall_on_few_blocks_is_not_held_against_a_model() -> None:
    """On eight days of which one went wrong, nobody can tell 87 % from 90 %."""
    few = HOURS[8 * 24] > HOURS
    low = np.where(HOURS[few] < HOURS[24], 1e6, -1e6)
    challenger = Outcome(ACTUAL[few] + 1, low=low, high=np.full(low.shape, 1e6))
    found = judge(Holdout(RMSE, ACTUAL[few], challenger, time=HOURS[few], coverage=0.9), LIMITS, seed=1)
    assert found.decision is Decision.PROMOTE
    assert found.coverage is not None
    assert found.coverage.share == 0.875


def test_a_prediction_set_is_held_to_its_coverage_as_well() -> None:
    target = np.zeros(500)
    in_set = np.column_stack([np.arange(500) % 2 == 0, np.ones(500, dtype=bool)])
    outcome = Outcome(target, probabilities=np.full((500, 2), 0.5), in_set=in_set)
    found = judge(Holdout(LOG_LOSS, target, outcome, coverage=0.9), LIMITS, seed=1)
    assert found.decision is Decision.REJECT
    assert found.reason.startswith("the 90 % prediction set holds only 50 % of the holdout (95 % interval: ")
    assert found.reason.endswith("; a promotion needs at least 87 %")


def test_a_claimed_coverage_without_bounds_stops_the_judgement() -> None:
    with pytest.raises(JudgementError, match="claims a coverage"):
        judge(dataclasses.replace(_hourly(_errors(1, 80), None), coverage=0.9), LIMITS, seed=1)


def test_a_metric_that_only_reports_cannot_decide() -> None:
    with pytest.raises(JudgementError, match="bias is reported only"):
        judge(dataclasses.replace(_hourly(_errors(1, 80), None), metric=BIAS), LIMITS, seed=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"challenger": Outcome(ACTUAL[:5])}, "challenger has .* values"),
        ({"segments": {"odd": NIGHT[:5]}}, "every segment"),
        ({"time": HOURS[:5]}, "needs a time"),
        ({"time": np.where(NIGHT, np.datetime64("NaT"), HOURS)}, "needs a time"),
    ],
)
def test_lengths_that_differ_stop_the_judgement(change: dict[str, Any], message: str) -> None:
    with pytest.raises(JudgementError, match=message):
        judge(dataclasses.replace(_hourly(_errors(1, 80), None), **change), LIMITS, seed=1)


def test_log_loss_needs_sound_probabilities() -> None:
    target = np.zeros(100)
    with pytest.raises(JudgementError, match="log loss needs probabilities"):
        judge(Holdout(LOG_LOSS, target, Outcome(target)), LIMITS, seed=1)
    with pytest.raises(JudgementError, match="do not sum to 1"):
        judge(Holdout(LOG_LOSS, target, Outcome(target, probabilities=np.ones((100, 2)))), LIMITS, seed=1)
    below = Outcome(target, probabilities=np.tile([1.2, -0.2], (100, 1)))
    with pytest.raises(JudgementError, match="are negative"):
        judge(Holdout(LOG_LOSS, target, below), LIMITS, seed=1)
    with pytest.raises(JudgementError, match="class 2 is judged, but answers name 2 classes"):
        judge(
            Holdout(LOG_LOSS, target + 2, Outcome(target, probabilities=np.full((100, 2), 0.5))),
            LIMITS,
            seed=1,
        )


def test_the_first_model_says_whether_there_was_a_baseline() -> None:
    holdout = _hourly(_errors(1, 80), None)
    assert judge(holdout, LIMITS, seed=1).reason == (
        "the first model: there is no champion and every baseline is beaten on RMSE"
    )
    bare = dataclasses.replace(holdout, baselines={})
    assert judge(bare, LIMITS, seed=1).reason == (
        "the first model: there is no champion and no baseline is declared"
    )


def test_a_change_stored_with_days_is_read() -> None:
    stored = {"change": -0.1, "low": -0.2, "high": 0.0, "n_days": 61, "confidence": 0.95}
    change = Change.model_validate_json(json.dumps(stored))
    assert change.n_blocks == 61
    assert Change.model_validate_json(change.model_dump_json()) == change


def test_many_rows_are_dealt_to_equal_blocks() -> None:
    blocks = row_blocks(MOST_ROW_BLOCKS * 7, seed=3)
    assert (np.bincount(blocks) == 7).all()
    assert np.unique(row_blocks(80, seed=3)).size == 80


@pytest.mark.parametrize("time", [TIME, None], ids=["days", "rows"])
def test_bounds_hold_the_true_change_as_often_as_they_claim(time: np.ndarray | None) -> None:
    """Two models of equal skill: the interval must hold 0 in about nineteen of twenty holdouts."""
    held = 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        target = (generator.random(N_ROWS) < 0.4).astype(np.float64)
        ours, theirs = (Outcome(np.where(generator.random(N_ROWS) < 0.3, 1 - target, target)) for _ in "ab")
        holdout = Holdout(f1(1), target, ours, champion=theirs, time=time)
        change = judge(holdout, PromotionThresholds(draws=300), seed=seed).bootstrap
        assert change is not None
        held += change.low <= 0 <= change.high
    assert 89 <= held <= 99


def test_draws_take_as_many_blocks_as_there_are() -> None:
    draws = Draws(np.arange(40), n_draws=200, seed=1)
    share = draws.share(np.arange(40) < 20, confidence=0.95)
    assert share.share == 0.5
    assert share.low < 0.4
    assert share.high > 0.6
