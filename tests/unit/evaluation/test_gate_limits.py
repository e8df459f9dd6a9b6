"""Where the gate's limits lie to the row, and what its decision holds."""

import numpy as np
import pytest

from bikecast.errors import JudgementError
from bikecast.evaluation.gate import Decision, PromotionThresholds, judge
from bikecast.evaluation.holdout import Holdout
from bikecast.evaluation.metrics import RMSE
from bikecast.evaluation.outcome import Outcome

HOURS = np.arange("2024-11-01", "2024-12-01", dtype="datetime64[h]")
ACTUAL = 1000 + 500 * np.sin(HOURS.astype(np.int64) * 2 * np.pi / 24)
ERRORS = np.random.default_rng(3).normal(0, 64, HOURS.size)
HOUR = HOURS.astype(np.int64) % 24
LIMITS = PromotionThresholds(draws=200)


def _holdout(scale: float = 0.5, **more: object) -> Holdout:
    """A challenger whose errors are the champion's times ``scale``, on the hour."""
    target = np.zeros(HOURS.size)  # sums of the errors alone: a half is a half to the last bit
    fields = {"champion": Outcome(target + ERRORS), "time": HOURS, **more}
    return Holdout(RMSE, target, Outcome(target + ERRORS * scale), **fields)  # type: ignore[arg-type]  # fields by name


def test_a_decision_names_its_metric_and_keeps_every_comparison() -> None:
    found = judge(_holdout(baselines={"mean": Outcome(ERRORS * 2)}), LIMITS, seed=1)
    assert found.metric == "rmse"
    assert set(found.baselines) == {"mean"}
    assert found.bootstrap is not None


def test_exactly_the_improvement_that_is_asked_for_is_enough() -> None:
    for asked, decision in ((0.5, Decision.PROMOTE), (0.51, Decision.REJECT)):
        limits = LIMITS.model_copy(update={"improvement": asked})
        assert judge(_holdout(), limits, seed=1).decision is decision


def test_a_gain_that_is_unsure_is_told_with_its_numbers() -> None:
    found = judge(_holdout(0.85), LIMITS.model_copy(update={"confident_gain": 0.5}), seed=1)
    assert found.reason.startswith("RMSE is 15 % lower (95 %")


def test_every_worse_segment_is_named() -> None:
    champion = np.where(HOUR < 12, ERRORS, ERRORS * 8)
    challenger = np.where(HOUR < 12, ERRORS * 3, ERRORS)
    target = np.zeros(HOURS.size)
    segments = {"night": HOUR < 6, "morning": (HOUR >= 6) & (HOUR < 12)}
    holdout = Holdout(
        RMSE, target, Outcome(challenger), champion=Outcome(champion), segments=segments, time=HOURS
    )
    assert judge(holdout, LIMITS, seed=1).reason.endswith("significantly worse on: morning, night")


@pytest.mark.parametrize(("days", "compared"), [(4, False), (5, True)])
def test_a_segment_is_compared_from_five_days_on(days: int, compared: bool) -> None:
    segments = {"first days": HOURS[days * 24] > HOURS}
    assert bool(judge(_holdout(segments=segments), LIMITS, seed=1).segments) == compared


@pytest.mark.parametrize(("rows", "compared"), [(49, False), (50, True)])
def test_a_segment_without_days_is_compared_from_fifty_rows_on(rows: int, compared: bool) -> None:
    segments = {"first": np.arange(HOURS.size) < rows}
    assert bool(judge(_holdout(segments=segments, time=None), LIMITS, seed=1).segments) == compared


def test_fifty_rows_without_a_time_are_judged() -> None:
    target = np.zeros(50)
    holdout = Holdout(RMSE, target, Outcome(target + 1), champion=Outcome(target + 4))
    assert judge(holdout, LIMITS, seed=1).decision is Decision.PROMOTE


def test_exactly_the_coverage_that_is_asked_for_is_enough() -> None:
    target = np.zeros(HOURS.size)
    wide = Outcome(target + ERRORS * 0.5, low=target - 1e6, high=target + 1e6)
    holdout = Holdout(RMSE, target, wide, champion=Outcome(ERRORS), time=HOURS, coverage=1.0)
    limits = LIMITS.model_copy(update={"coverage_tolerance": 0.0})
    assert judge(holdout, limits, seed=1).decision is Decision.PROMOTE


def test_what_stops_a_judgement_is_said_from_the_first_word_on() -> None:
    with pytest.raises(JudgementError, match=r"^rival has zero error on the holdout: suspected leakage$"):
        judge(_holdout(baselines={"oracle": Outcome(np.zeros(HOURS.size))}), LIMITS, seed=1)
    with pytest.raises(JudgementError, match=r"^challenger claims .* prediction sets$"):
        judge(_holdout(coverage=0.9), LIMITS, seed=1)
