"""Where the limits of splits lie to the row, and what parts and folds are called."""

import numpy as np
import pytest

from bikecast.errors import DataError
from bikecast.evaluation.splits import Drawn, LastDays, NamedPeriods, Stratified, check_classes, holdout_start
from bikecast.evaluation.splits.folds import Fold, blocked_folds, dealt_folds, dealt_share, rolling_folds

HOURS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[h]")
CLASSES = np.random.default_rng(1).choice(3, size=HOURS.size).astype(np.float64)


def test_twenty_eight_days_are_enough_to_train_on() -> None:
    days = HOURS[: 35 * 24]
    assert holdout_start(days, test_size=0.2) == np.datetime64("2024-01-29")
    parts = LastDays(validation_days=7, holdout_days=7, fewest_train_days=28).parts(
        HOURS[: 42 * 24], CLASSES[: 42 * 24], {}
    )
    assert int(parts.train.sum()) == 28 * 24


def test_one_day_fewer_is_refused_with_what_would_be_left() -> None:
    with pytest.raises(
        DataError, match=r"^34 days at test_size=0\.2 leave 27 to train, 7 to judge; at least"
    ):
        holdout_start(HOURS[: 34 * 24], test_size=0.2)


def test_none_is_left_to_train_where_there_are_too_few_days() -> None:
    with pytest.raises(DataError, match="10 days with rows leave 0 to train"):
        LastDays(validation_days=14, holdout_days=14).parts(HOURS[:240], CLASSES[:240], {})


def test_folds_are_numbered_from_zero() -> None:
    for split in (LastDays(validation_days=14, holdout_days=21), NamedPeriods()):
        assert [fold.number for fold in split.folds(HOURS, CLASSES, {})] == [0]
    assert [fold.number for fold in Stratified().folds(None, CLASSES, {})] == [0, 1, 2, 3, 4]
    rolling = list(rolling_folds(HOURS, n_folds=3, valid_days=7))
    assert [fold.number for fold in rolling] == [0, 1, 2]
    rows = np.ones(4, dtype=bool)
    assert Fold(3, rows, rows).within(rows).number == 3


def test_folds_of_blocks_take_turns_by_whole_days() -> None:
    day = np.arange(HOURS.size) // 24
    folds = list(blocked_folds(HOURS, n_folds=3, block_days=5))
    assert [fold.number for fold in folds] == [0, 1, 2]
    for fold in folds:
        np.testing.assert_array_equal(fold.valid, day // 5 % 3 == fold.number)
        np.testing.assert_array_equal(fold.train, ~fold.valid)


def test_a_release_draws_what_the_one_before_drew_or_a_champion_is_judged_on_rows_that_it_knew() -> None:
    strata = np.repeat([0.0, 1.0], [8, 4])
    dealt = [np.flatnonzero(fold.valid).tolist() for fold in dealt_folds(strata, n_folds=3, seed=5)]
    assert dealt == [[2, 3, 7, 10], [0, 5, 6, 9], [1, 4, 8, 11]]
    held = dealt_share(np.repeat([0.0, 1.0], [30, 20]), share=0.2, seed=5)
    assert np.flatnonzero(held).tolist() == [5, 11, 14, 15, 22, 26, 38, 43, 45, 46]


def test_a_seed_deals_the_same_rows_on_every_machine() -> None:
    stratum = np.zeros(12)
    folds = [np.flatnonzero(fold.valid).tolist() for fold in dealt_folds(stratum, n_folds=3, seed=5)]
    again = [np.flatnonzero(fold.valid).tolist() for fold in dealt_folds(stratum, n_folds=3, seed=5)]
    other = [np.flatnonzero(fold.valid).tolist() for fold in dealt_folds(stratum, n_folds=3, seed=6)]
    assert folds == again != other
    held = np.zeros(300)
    np.testing.assert_array_equal(dealt_share(held, share=0.2, seed=5), dealt_share(held, share=0.2, seed=5))
    assert int(dealt_share(held, share=0.2, seed=5).sum()) == 60


def test_a_hundred_rows_are_enough_to_draw_from() -> None:
    parts = Drawn(holdout=0.15, seed=7).parts(None, CLASSES[:100], {})
    assert parts.description == "15 % held out, drawn with seed 7"
    assert not parts.validation.any()


def test_five_rows_of_a_class_are_enough() -> None:
    target = np.repeat([0.0, 1.0], [95, 5])
    check_classes(target, np.ones(100, dtype=bool), classes=("many", "few"), part="holdout")
    with pytest.raises(DataError, match=r"are needed: load more rows of it$"):
        check_classes(target[:99], np.ones(99, dtype=bool), classes=("many", "few"), part="holdout")


@pytest.mark.parametrize(("holdout", "part"), [(0.15, "holdout"), (0.7, "training")])
def test_a_class_needs_its_rows_in_each_part_and_not_in_all(holdout: float, part: str) -> None:
    target = np.repeat([0.0, 1.0], [190, 10])
    with pytest.raises(DataError, match=rf"^class few has [1-4] rows in the {part} part; at least 5"):
        Stratified(holdout=holdout, classes=("many", "few")).parts(None, target, {})


def test_of_four_months_the_last_three_are_taken() -> None:
    four = HOURS[np.datetime64("2024-05-01") > HOURS]
    told = NamedPeriods().parts(four, CLASSES[: four.size], {}).description
    assert told.startswith("train 2024-02; validation 2024-03; holdout 2024-04")


def test_where_no_month_is_there_the_error_says_so() -> None:
    asked = {"train_months": "2024-01", "val_months": "2024-02", "test_months": "2024-03"}
    with pytest.raises(DataError, match="there are no months: load what is missing or name other months"):
        NamedPeriods().parts(HOURS[:24], CLASSES[:24], asked)


def test_three_months_are_enough_and_fifteen_days_make_one() -> None:
    three = HOURS[np.datetime64("2024-03-16") > HOURS]
    assert "holdout 2024-03" in NamedPeriods().parts(three, CLASSES[: three.size], {}).description
    two = HOURS[np.datetime64("2024-03-15") > HOURS]
    with pytest.raises(DataError, match="2024-01, 2024-02 with rows on at least 15 days: load more"):
        NamedPeriods().parts(two, CLASSES[: two.size], {})
    with pytest.raises(DataError, match="none with rows on at least 15 days"):
        NamedPeriods().parts(HOURS[:24], CLASSES[:24], {})
