"""What is done after the model: bounds, intervals, thresholds and prediction sets."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bikecast.arrays import Array
from bikecast.errors import ArtifactError, JudgementError
from bikecast.evaluation.after_model import PREDICTION, AfterModel, ClassDecision, ConformalInterval, Plain
from bikecast.evaluation.after_model.classes import CANDIDATES, best_threshold, chosen
from bikecast.evaluation.metrics import ACCURACY, LOG_LOSS, MAE, f1, f1_weighted
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.use_case import Task
from tests.unit.evaluation.cases import MINUTES, PAYMENT, SIZES, sample

KINDS: dict[str, tuple[AfterModel, Task]] = {
    "plain number": (Plain(), MINUTES),
    "plain classes": (Plain(), SIZES),
    "interval": (ConformalInterval(relative=True, by="member"), MINUTES),
    "two classes": (ClassDecision(), PAYMENT),
    "three classes": (ClassDecision(), SIZES),
    "no sets": (ClassDecision(coverage=None), SIZES),
}


def _rides(n_rows: int, seed: int) -> tuple[Sample, Array]:
    """Casual rides err three times as much as those of members."""
    generator = np.random.default_rng(seed)
    raw = generator.uniform(5, 60, n_rows)
    casual = generator.random(n_rows) < 0.3
    target = np.clip(raw * (1 + generator.normal(0, np.where(casual, 0.3, 0.1))), 1, 180)
    member = np.where(casual, "casual", "member").astype(object)
    return sample(target, member=member, distance=raw / 10), raw


def _votes(n_rows: int, seed: int, *, n_classes: int) -> tuple[Sample, Array]:
    """Probabilities that are right: the class is drawn from them."""
    generator = np.random.default_rng(seed)
    raw = generator.dirichlet(np.linspace(2, 0.5, n_classes), n_rows)
    target = (raw.cumsum(axis=1) < generator.random(n_rows)[:, None]).sum(axis=1).astype(np.float64)
    return sample(np.minimum(target, n_classes - 1)), raw


def _rows_of(task: Task, n_rows: int, seed: int) -> tuple[Sample, Array]:
    return _rides(n_rows, seed) if task is MINUTES else _votes(n_rows, seed, n_classes=len(task.classes))  # type: ignore[union-attr]  # the other task has classes


@pytest.mark.parametrize(("after", "task"), KINDS.values(), ids=KINDS.keys())
def test_what_was_learnt_answers_alike_after_it_was_stored(after: AfterModel, task: Task) -> None:
    rows, raw = _rows_of(task, 500, 1)
    state = after.learn(rows, raw, task=task, metric=MAE if task is MINUTES else ACCURACY)
    stored = json.loads(json.dumps(state.model_dump(mode="json")))
    assert stored["kind"] == state.kind
    read = after.read(stored)
    assert read == state
    first, second = state.outcome(rows, raw), read.outcome(rows.columns, raw)
    for name in ("values", "low", "high", "probabilities", "in_set"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    first.check("the model", 500)
    assert (first.covers(rows.target) is None) == (state.coverage is None)
    with pytest.raises(ArtifactError, match="cannot be read"):
        after.read({**stored, "kind": "another"})


@pytest.mark.parametrize(("after", "task"), KINDS.values(), ids=KINDS.keys())
def test_output_that_is_not_finite_or_of_another_shape_is_never_answered(
    after: AfterModel, task: Task
) -> None:
    rows, raw = _rows_of(task, 500, 1)
    state = after.learn(rows, raw, task=task, metric=MAE if task is MINUTES else ACCURACY)
    spoilt = raw.copy()
    spoilt[3] = np.nan
    for bad in (spoilt, raw[:, None] if raw.ndim == 1 else raw[:, :1], np.hstack([raw, raw])[None]):
        with pytest.raises(ArtifactError, match="the model must give"):
            state.outcome(rows, bad)


def test_a_plain_number_is_clipped_and_a_plain_class_is_the_likeliest() -> None:
    rows = sample(np.ones(3))
    state = Plain().learn(rows, np.ones(3), task=MINUTES, metric=MAE)
    assert state.outcome(rows, np.array([-5.0, 50, 500])).values.tolist() == [1, 50, 180]
    classes = Plain().learn(rows, np.ones((3, 3)), task=SIZES, metric=ACCURACY)
    raw = np.array([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8]])
    assert classes.outcome(rows, raw).values.tolist() == [1, 0, 2]


@pytest.mark.parametrize("by", [None, "member", "distance", PREDICTION])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_intervals_hold_what_they_claim_on_new_rows(by: str | None, relative: bool, coverage: float) -> None:
    rows, raw = _rides(2000, 1)
    after = ConformalInterval(coverage=coverage, relative=relative, by=by)
    state = after.learn(rows, raw, task=MINUTES, metric=MAE)
    new, raw_new = _rides(4000, 2)
    outcome = state.outcome(new, raw_new)
    covered = outcome.covers(new.target)
    assert covered is not None
    assert covered.mean() == pytest.approx(coverage, abs=0.025)
    assert outcome.low is not None
    assert outcome.high is not None
    assert (outcome.low >= MINUTES.low).all()
    assert (outcome.high <= MINUTES.high).all()
    assert (outcome.low <= outcome.high).all()


def test_groups_get_the_width_that_they_need() -> None:
    rows, raw = _rides(3000, 1)
    new, raw_new = _rides(4000, 2)
    casual = new.columns["member"] == "casual"
    for by, lowest, highest in ((None, 0.0, 0.75), ("member", 0.86, 0.94)):
        after = ConformalInterval(relative=True, by=by)
        outcome = after.learn(rows, raw, task=MINUTES, metric=MAE).outcome(new, raw_new)
        covered = outcome.covers(new.target)
        assert covered is not None
        assert lowest < covered[casual].mean() < highest


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(60, 300), coverage=st.floats(0.5, 0.96))
def test_the_rows_that_it_learnt_from_are_held_at_least(seed: int, n_rows: int, coverage: float) -> None:
    rows, raw = _rides(n_rows, seed)
    state = ConformalInterval(coverage=coverage).learn(rows, raw, task=MINUTES, metric=MAE)
    covered = state.outcome(rows, raw).covers(rows.target)
    assert covered is not None
    assert covered.mean() >= coverage - 1e-9


def test_a_small_or_unknown_or_missing_group_is_answered_by_all_rows() -> None:
    rows, raw = _rides(500, 1)
    member = rows.columns["member"].copy()
    member[:10] = "guest"
    rows = Sample({**rows.columns, "member": member}, None, rows.features, rows.target)
    state = ConformalInterval(by="member").learn(rows, raw, task=MINUTES, metric=MAE)
    assert set(state.groups) == {"any", "casual", "member"}
    strange = np.array(["guest", "robot", None], dtype=object)
    outcome = state.outcome({"member": strange}, np.full(3, 30.0))
    assert outcome.low is not None
    assert outcome.low.tolist() == [30 + state.groups["any"][0]] * 3
    numeric = ConformalInterval(by="distance").learn(rows, raw, task=MINUTES, metric=MAE)
    missing = numeric.outcome({"distance": np.array([np.nan])}, np.array([30.0]))
    assert missing.low is not None
    assert missing.low[0] == 30 + numeric.groups["any"][0]


def test_intervals_that_cannot_be_learnt_say_why() -> None:
    rows, raw = _rides(59, 1)
    for after, message in ((ConformalInterval(), "59 rows are too few to learn intervals from; 60"),):
        with pytest.raises(JudgementError, match=message):
            after.learn(rows, raw, task=MINUTES, metric=MAE)
    rows, raw = _rides(150, 1)
    with pytest.raises(JudgementError, match="150 rows are too few to learn intervals from; 200"):
        ConformalInterval(coverage=0.99).learn(rows, raw, task=MINUTES, metric=MAE)
    free = MINUTES.__class__(target="gain", unit="", low=-100, high=100)
    with pytest.raises(JudgementError, match="positive predictions"):
        ConformalInterval(relative=True).learn(rows, raw - 30, task=free, metric=MAE)
    with pytest.raises(JudgementError, match="finite targets"):
        ConformalInterval().learn(sample(raw * np.nan), raw, task=MINUTES, metric=MAE)
    with pytest.raises(JudgementError, match="a number as target"):
        ConformalInterval().learn(rows, raw, task=SIZES, metric=MAE)
    with pytest.raises(JudgementError, match="classes as target"):
        ClassDecision().learn(rows, raw, task=MINUTES, metric=MAE)


def test_the_threshold_is_the_best_candidate_for_the_metric() -> None:
    rows, raw = _votes(3000, 1, n_classes=2)
    metric = f1(1, label="cash")
    scores = [metric.of(rows.target, Outcome(chosen(raw, positive=1, threshold=cut))) for cut in CANDIDATES]
    state = ClassDecision().learn(rows, raw, task=PAYMENT, metric=metric)
    assert state.threshold is not None
    assert state.positive == 1
    assert 0.2 < state.threshold < 0.45  # the best F1 is half of itself, where probabilities are right
    values = state.outcome(rows, raw).values
    assert metric.of(rows.target, Outcome(values)) == max(scores)


def test_the_threshold_for_accuracy_is_near_a_half_where_probabilities_are_right() -> None:
    rows, raw = _votes(20_000, 1, n_classes=2)
    assert best_threshold(rows.target, raw, positive=1, metric=ACCURACY) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("metric", [ACCURACY, f1(1), f1_weighted(2)], ids=lambda metric: metric.name)
@pytest.mark.parametrize(("low", "high", "threshold"), [(0.2, 0.9, 0.5), (0.6, 0.9, 0.61), (0.1, 0.3, 0.3)])
def test_equally_good_thresholds_are_settled_towards_a_half(
    metric: object, low: float, high: float, threshold: float
) -> None:
    target = np.repeat([0.0, 1.0], 50)
    positive = np.where(target == 1, high, low)
    found = best_threshold(
        target,
        np.column_stack([1 - positive, positive]),
        positive=1,
        metric=metric,  # type: ignore[arg-type]  # a metric of any kind
    )
    assert found == threshold


def test_a_metric_of_probabilities_leaves_the_threshold_at_a_half() -> None:
    rows, raw = _votes(500, 1, n_classes=2)
    assert ClassDecision().learn(rows, raw, task=PAYMENT, metric=LOG_LOSS).threshold == 0.5


def test_a_threshold_speaks_about_the_positive_class() -> None:
    rows, raw = _votes(1000, 1, n_classes=2)
    card = PAYMENT.__class__(target="payment", classes=PAYMENT.classes, positive="card")
    state = ClassDecision().learn(rows, raw, task=card, metric=f1(0))
    assert state.positive == 0
    assert state.threshold is not None
    values = state.outcome(rows, raw).values
    np.testing.assert_array_equal(values == 0, raw[:, 0] >= state.threshold)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_prediction_sets_hold_what_they_claim_on_new_rows(n_classes: int, coverage: float) -> None:
    task = PAYMENT if n_classes == 2 else SIZES
    rows, raw = _votes(2000, 1, n_classes=n_classes)
    state = ClassDecision(coverage=coverage).learn(rows, raw, task=task, metric=ACCURACY)
    new, raw_new = _votes(4000, 2, n_classes=n_classes)
    outcome = state.outcome(new, raw_new)
    covered = outcome.covers(new.target)
    assert covered is not None
    assert coverage - 0.02 < covered.mean() < coverage + 0.06  # a set is never empty, which adds a little


def test_every_set_holds_the_answer() -> None:
    rows, raw = _votes(2000, 1, n_classes=2)
    state = ClassDecision(coverage=0.5).learn(rows, raw, task=PAYMENT, metric=f1(1))
    outcome = state.outcome(rows, raw)
    assert outcome.in_set is not None
    assert outcome.in_set[np.arange(2000), outcome.values.astype(int)].all()
    assert (outcome.in_set.sum(axis=1) >= 1).all()


def test_a_more_skilled_model_gets_smaller_sets() -> None:
    rows, raw = _votes(3000, 1, n_classes=3)
    vague = 0.3 * raw + 0.7 / 3
    sizes = []
    for given_ in (raw, vague):
        outcome = ClassDecision().learn(rows, given_, task=SIZES, metric=ACCURACY).outcome(rows, given_)
        assert outcome.in_set is not None
        sizes.append(outcome.in_set.sum(axis=1).mean())
    assert sizes[0] <= sizes[1]


def test_decisions_that_cannot_be_learnt_say_why() -> None:
    rows, raw = _votes(59, 1, n_classes=3)
    with pytest.raises(JudgementError, match="59 rows are too few to learn prediction sets from; 60"):
        ClassDecision().learn(rows, raw, task=SIZES, metric=ACCURACY)
    rows, raw = _votes(200, 1, n_classes=2)
    with pytest.raises(JudgementError, match="all rows are of one class"):
        ClassDecision().learn(sample(np.zeros(200)), raw, task=PAYMENT, metric=ACCURACY)
