"""Score tables, outcomes and samples."""

import json

import numpy as np
import pytest

from bikecast.errors import DataError, JudgementError
from bikecast.evaluation.metrics import ACCURACY, LOG_LOSS, MAE, RMSE, WAPE, f1_weighted
from bikecast.evaluation.outcome import Outcome
from bikecast.evaluation.sample import Sample
from bikecast.evaluation.scores import Scores, score, score_segments
from tests.unit.evaluation.cases import MINUTES, SIZES, sample

HOURS = np.arange("2024-03-01T00", "2024-03-01T04", dtype="datetime64[h]")
RIDES = sample(np.array([10.0, 20, 30, 40]), time=HOURS)
VALUES = np.array([12.0, 18, 33, 41])
INTERVAL = Outcome(VALUES, low=VALUES - 2, high=VALUES + 2)


def test_a_table_of_numbers_holds_every_metric_and_the_interval() -> None:
    scores = score(RIDES, INTERVAL, metrics=(MAE, RMSE), task=MINUTES)
    assert scores.values == {"mae": 2.0, "rmse": pytest.approx(np.sqrt(4.5))}
    assert (scores.n_rows, scores.coverage, scores.interval_width) == (4, 0.75, 4.0)
    assert str(scores.start) == "2024-03-01 00:00:00"
    assert str(scores.end) == "2024-03-01 03:00:00"
    assert scores.set_size is None
    assert scores.recall == {}


def test_a_table_of_classes_holds_recall_and_the_prediction_set() -> None:
    people = sample(np.array([0.0, 0, 1, 1]))
    in_set = np.array([[True, False, False], [False, True, True], [True, True, False], [True, True, True]])
    outcome = Outcome(np.array([0.0, 1, 1, 1]), probabilities=np.full((4, 3), 1 / 3), in_set=in_set)
    scores = score(people, outcome, metrics=(ACCURACY, LOG_LOSS, f1_weighted(3)), task=SIZES)
    assert scores.values["accuracy"] == 0.75
    assert scores.values["log_loss"] == pytest.approx(np.log(3))
    assert scores.recall == {"small": 0.5, "medium": 1.0}
    assert scores.coverage == 0.75
    assert scores.set_size == 2.0
    assert scores.start is None


def test_an_undefined_metric_is_left_out() -> None:
    nobody = sample(np.zeros(3))
    scores = score(nobody, Outcome(np.ones(3)), metrics=(MAE, WAPE), task=MINUTES)
    assert scores.values == {"mae": 1.0}


def test_segments_are_scored_on_their_own_rows() -> None:
    masks = {"short": RIDES.target < 25, "all": RIDES.target > 0}
    found = score_segments(RIDES, INTERVAL, masks=masks, metrics=(MAE,), task=MINUTES)
    assert {name: scores.n_rows for name, scores in found.items()} == {"short": 2, "all": 4}
    assert found["short"].coverage == 1.0
    assert found["all"] == score(RIDES, INTERVAL, metrics=(MAE,), task=MINUTES)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_has_no_score(bad: float) -> None:
    spoilt = np.where(VALUES == 33, bad, VALUES)
    for rows, outcome in (
        (RIDES, Outcome(spoilt)),
        (RIDES, Outcome(VALUES, low=spoilt, high=VALUES)),
        (sample(spoilt), Outcome(VALUES)),
    ):
        with pytest.raises(JudgementError, match="cannot score"):
            score(rows, outcome, metrics=(MAE,), task=MINUTES)


def test_no_rows_or_too_many_answers_have_no_score() -> None:
    with pytest.raises(JudgementError, match="no rows"):
        score(sample(np.zeros(0)), Outcome(np.zeros(0)), metrics=(MAE,), task=MINUTES)
    with pytest.raises(JudgementError, match="4 rows"):
        score(RIDES, Outcome(VALUES[:3]), metrics=(MAE,), task=MINUTES)
    with pytest.raises(JudgementError, match="3 low for 4 rows"):
        score(RIDES, Outcome(VALUES, low=VALUES[:3], high=VALUES), metrics=(MAE,), task=MINUTES)
    with pytest.raises(JudgementError, match="2 prediction sets for 4 rows"):
        score(RIDES, Outcome(VALUES, in_set=np.ones((2, 3), dtype=bool)), metrics=(MAE,), task=MINUTES)


def test_a_table_stored_before_there_were_use_cases_is_read() -> None:
    stored = (
        '{"n_rows": 2177, "start": "2024-12-31T00:00:00", "end": "2025-03-31T23:00:00", "rmse": 17.0,'
        ' "mae": 11.0, "wape": 0.198, "r2": 0.866, "bias": 0.019, "coverage": 0.906}'
    )
    scores = Scores.model_validate_json(stored)
    assert scores.values == {"rmse": 17.0, "mae": 11.0, "wape": 0.198, "r2": 0.866, "bias": 0.019}
    assert (scores.n_rows, scores.coverage, scores.end) == (2177, 0.906, scores.end)
    assert Scores.model_validate(json.loads(scores.model_dump_json())) == scores


def test_a_sample_takes_rows_of_everything_by_mask_or_position() -> None:
    rows = sample(np.arange(4.0), time=HOURS, distance=np.arange(4.0) * 10)
    for chosen in (np.array([False, True, False, True]), np.array([1, 3])):
        part = rows.take(chosen)
        assert part.n_rows == len(part) == 2
        assert part.columns["distance"].tolist() == [10, 30]
        assert part.time is not None
        assert part.time.tolist() == HOURS[[1, 3]].tolist()
        assert part.features[:, 0].tolist() == part.target.tolist() == [1, 3]
    assert INTERVAL.take(np.array([0])).high == [14.0]
    assert len(INTERVAL) == 4


def test_parts_of_a_sample_must_have_the_same_length() -> None:
    with pytest.raises(DataError, match="'distance': 3"):
        Sample({"distance": np.zeros(3)}, None, np.zeros((4, 1), dtype=np.float32), np.zeros(4))
