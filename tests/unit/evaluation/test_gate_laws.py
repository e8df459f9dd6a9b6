"""Laws of the gate that hold for every metric, with days as blocks and with rows as blocks."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bikecast.arrays import Array
from bikecast.errors import JudgementError
from bikecast.evaluation.gate import Decision, GateDecision, PromotionThresholds, judge
from bikecast.evaluation.holdout import Holdout
from tests.unit.evaluation.cases import CASES, N_ROWS, TIME, Case, severities

LIMITS = PromotionThresholds(draws=200)
LENIENT = PromotionThresholds(draws=200, improvement=0)
EXAMPLES = settings(max_examples=15, deadline=None)

seeds = st.integers(0, 2**32 - 2)
timed = pytest.mark.parametrize("time", [TIME, None], ids=["days", "rows"])
every_metric = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def _holdout(case: Case, challenger: Array, champion: Array | None, time: np.ndarray | None) -> Holdout:
    position = np.arange(N_ROWS)
    return Holdout(
        metric=case.metric,
        target=case.target,
        challenger=case.answer(challenger),
        champion=None if champion is None else case.answer(champion),
        baselines={"always_bad": case.answer(np.full(N_ROWS, 1.0))},
        segments={"first": position < N_ROWS // 2, "last": position >= N_ROWS // 2},
        time=time,
    )


def _decide(holdout: Holdout, limits: PromotionThresholds = LIMITS, seed: int = 7) -> GateDecision:
    return judge(holdout, limits, seed=seed)


@every_metric
@timed
@EXAMPLES
@given(seed=seeds)
def test_identical_models_are_never_promoted(case: Case, time: np.ndarray | None, seed: int) -> None:
    severity = severities(seed)
    for limits in (LIMITS, LENIENT):
        assert _decide(_holdout(case, severity, severity, time), limits, seed).decision is Decision.REJECT


@every_metric
@timed
@EXAMPLES
@given(seed=seeds)
def test_what_is_worse_on_every_block_is_never_promoted(
    case: Case, time: np.ndarray | None, seed: int
) -> None:
    champion = severities(seed)
    challenger = np.minimum(champion + 0.6, 1.0)
    assert _decide(_holdout(case, challenger, champion, time), LENIENT, seed).decision is Decision.REJECT


@every_metric
@timed
@EXAMPLES
@given(seed=seeds, factor=st.floats(0.3, 1.0), rows=st.sampled_from(["all", "some"]))
def test_smaller_errors_never_turn_a_promotion_into_a_rejection(
    case: Case, time: np.ndarray | None, seed: int, factor: float, rows: str
) -> None:
    champion, challenger = severities(seed, 0.6), severities(seed + 1, 0.2)
    assume(_decide(_holdout(case, challenger, champion, time)).decision is Decision.PROMOTE)
    touched = np.random.default_rng(seed).random(N_ROWS) < (1.0 if rows == "all" else 0.3)
    better = np.where(touched, challenger * factor, challenger)
    assert _decide(_holdout(case, better, champion, time)).decision is Decision.PROMOTE


@every_metric
@timed
def test_a_clear_gain_everywhere_is_promoted_and_its_mirror_is_not(
    case: Case, time: np.ndarray | None
) -> None:
    good, bad = severities(1, 0.2), severities(2, 0.6)
    found = _decide(_holdout(case, good, bad, time))
    assert found.decision is Decision.PROMOTE
    assert found.bootstrap is not None
    assert found.bootstrap.low <= found.bootstrap.change <= found.bootstrap.high < 0
    assert _decide(_holdout(case, bad, good, time)).decision is Decision.REJECT


@every_metric
@timed
def test_the_first_model_must_beat_every_baseline(case: Case, time: np.ndarray | None) -> None:
    assert _decide(_holdout(case, severities(1, 0.2), None, time)).decision is Decision.PROMOTE
    bad = _decide(_holdout(case, np.full(N_ROWS, 1.0), None, time))
    assert bad.decision is Decision.REJECT
    assert not bad.beats_baselines
    assert "does not significantly beat the baseline always_bad" in bad.reason


@pytest.mark.parametrize("name", ["rmse", "mae"])
@EXAMPLES
@given(seed=seeds, scale=st.sampled_from([1e-6, 0.1, 3.7, 1e6]))
def test_the_unit_of_a_number_changes_nothing(name: str, seed: int, scale: float) -> None:
    holdout = _holdout(CASES[name], severities(seed + 1, 0.3), severities(seed, 0.5), TIME)
    assert holdout.champion is not None
    scaled = dataclasses.replace(
        holdout,
        target=holdout.target * scale,
        challenger=dataclasses.replace(holdout.challenger, values=holdout.challenger.values * scale),
        champion=dataclasses.replace(holdout.champion, values=holdout.champion.values * scale),
        baselines={
            name: dataclasses.replace(outcome, values=outcome.values * scale)
            for name, outcome in holdout.baselines.items()
        },
    )
    ours, theirs = _decide(holdout), _decide(scaled)
    assert ours.decision is theirs.decision
    assert ours.bootstrap is not None
    assert theirs.bootstrap is not None
    for field in ("change", "low", "high"):
        assert getattr(ours.bootstrap, field) == pytest.approx(getattr(theirs.bootstrap, field), abs=1e-9)


@every_metric
@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("who", ["target", "challenger", "champion", "always_bad"])
def test_values_that_are_not_finite_stop_the_judgement(case: Case, who: str, bad: float) -> None:
    holdout = _holdout(case, severities(1), severities(2), TIME)
    if who == "target":
        spoilt = dataclasses.replace(holdout, target=_spoilt(holdout.target, bad))
    elif who == "always_bad":
        outcome = holdout.baselines[who]
        spoilt = dataclasses.replace(
            holdout, baselines={who: dataclasses.replace(outcome, values=_spoilt(outcome.values, bad))}
        )
    else:
        outcome = getattr(holdout, who)
        spoilt = dataclasses.replace(
            holdout, **{who: dataclasses.replace(outcome, values=_spoilt(outcome.values, bad))}
        )
    with pytest.raises(JudgementError, match=who):
        _decide(spoilt)


def _spoilt(values: Array, bad: float) -> Array:
    return np.where(np.arange(values.size) == 5, bad, values)


@every_metric
@timed
def test_a_rival_without_errors_is_suspected_of_leakage(case: Case, time: np.ndarray | None) -> None:
    holdout = _holdout(case, severities(1), np.zeros(N_ROWS), time)
    with pytest.raises(JudgementError, match="rival has zero error on the holdout: suspected leakage"):
        _decide(holdout)


@every_metric
@timed
def test_the_same_seed_gives_the_same_decision(case: Case, time: np.ndarray | None) -> None:
    holdout = _holdout(case, severities(1), severities(2), time)
    assert _decide(holdout) == _decide(holdout)
