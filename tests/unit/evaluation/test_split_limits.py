"""Where the limits of splits lie to the row, and what parts and folds are called."""

import numpy as np
import pytest

from bikecast.errors import DataError
from bikecast.evaluation.splits import Drawn, LastDays, NamedPeriods, Stratified, check_classes, holdout_start
from bikecast.evaluation.splits.folds import Fold, dealt_folds, dealt_share

HOURS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[h]")
CLASSES = np.random.default_rng(1).choice(3, size=HOURS.size).astype(np.float64)


def test_twenty_eight_days_are_enough_to_train_on() -> None:
    days = HOURS[: 35 * 24]
    assert holdout_start(days, test_size=0.2) == np.datetime64("2024-01-29")
    parts = LastDays(validation_days=7, holdout_days=7, fewest_train_days=28).parts(
        HOURS[: 42 * 24], CLASSES[: 42 * 24], {}
    )
    assert int(parts.train.sum()) == 28 * 24


def test_none_is_left_to_train_where_there_are_too_few_days() -> None:
    with pytest.raises(DataError, match="10 days with rows leave 0 to train"):
        LastDays(validation_days=14, holdout_days=14).parts(HOURS[:240], CLASSES[:240], {})


def test_folds_are_numbered_from_zero() -> None:
    for split in (LastDays(validation_days=14, holdout_days=21), NamedPeriods()):
        assert [fold.number for fold in split.folds(HOURS, CLASSES, {})] == [0]
    assert [fold.number for fold in Stratified().folds(None, CLASSES, {})] == [0, 1, 2, 3, 4]
    rows = np.ones(4, dtype=bool)
    assert Fold(3, rows, rows).within(rows).number == 3


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


def test_three_months_are_enough_and_fifteen_days_make_one() -> None:
    three = HOURS[np.datetime64("2024-03-16") > HOURS]
    assert "holdout 2024-03" in NamedPeriods().parts(three, CLASSES[: three.size], {}).description
    two = HOURS[np.datetime64("2024-03-15") > HOURS]
    with pytest.raises(DataError, match="2024-01, 2024-02 with rows on at least 15 days: load more"):
        NamedPeriods().parts(two, CLASSES[: two.size], {})
    with pytest.raises(DataError, match="none with rows on at least 15 days"):
        NamedPeriods().parts(HOURS[:24], CLASSES[:24], {})
