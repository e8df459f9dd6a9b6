"""Every split: parts that exclude each other, folds without the holdout, errors that say what to do."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from bikecast.errors import DataError, InputError
from bikecast.evaluation.splits import (
    Drawn,
    LastDays,
    LastShare,
    NamedPeriods,
    Split,
    Stratified,
    check_classes,
    holdout_start,
)
from bikecast.evaluation.splits.folds import blocked_folds, rolling_folds

HOURS = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[h]")
CLASSES = np.random.default_rng(1).choice(3, size=HOURS.size, p=[0.6, 0.3, 0.1]).astype(np.float64)
NAMES = ("small", "medium", "large")
SPLITS: dict[str, Split] = {
    "last share": LastShare(),
    "last days": LastDays(validation_days=14, holdout_days=21),
    "named periods": NamedPeriods(),
    "stratified": Stratified(holdout=0.15, seed=42, classes=NAMES),
    "drawn": Drawn(holdout=0.15),
}


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS.keys())
def test_parts_exclude_each_other_and_no_fold_holds_the_holdout(split: Split) -> None:
    parts = split.parts(HOURS, CLASSES, {})
    masks = np.stack([parts.train, parts.validation, parts.holdout])
    assert masks.shape == (3, HOURS.size)
    assert {mask.dtype for mask in (parts.train, parts.validation, parts.holdout)} == {np.dtype(bool)}
    assert (masks.sum(axis=0) <= 1).all()
    assert parts.train.any()
    assert parts.holdout.any()
    assert parts.description
    for fold in split.folds(HOURS, CLASSES, {}) + split.calibration_folds(HOURS, CLASSES, {}):
        assert not (fold.train & fold.valid).any()
        assert not ((fold.train | fold.valid) & parts.holdout).any()
        assert fold.train.any()
        assert fold.valid.any()


@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS.keys())
def test_the_same_rows_are_split_alike_and_unknown_fields_are_named(split: Split) -> None:
    first, second = (split.parts(HOURS, CLASSES, {}) for _ in range(2))
    np.testing.assert_array_equal(first.holdout, second.holdout)
    split.request_model.model_validate({})
    with pytest.raises(InputError, match="colour"):
        split.parts(HOURS, CLASSES, {"colour": 1})


@pytest.mark.parametrize("name", ["last share", "last days", "named periods"])
def test_a_split_in_time_never_looks_ahead(name: str) -> None:
    split = SPLITS[name]
    parts = split.parts(HOURS, CLASSES, {})
    known = HOURS[parts.train | parts.validation]
    assert known.max() < HOURS[parts.holdout].min()
    for fold in split.folds(HOURS, CLASSES, {}):
        assert HOURS[fold.train].max() < HOURS[fold.valid].min()
    for time in (None, HOURS[:5], np.where(CLASSES == 0, np.datetime64("NaT"), HOURS)):
        with pytest.raises(DataError, match=r"^this split needs a time for every row$"):
            split.parts(time, CLASSES, {})
    with pytest.raises(DataError, match=r"^there are no rows to split$"):
        split.parts(HOURS[:0], CLASSES[:0], {})


@given(st.floats(0.05, 0.85), st.integers(20, 181))
def test_the_last_share_begins_at_a_midnight_or_says_what_is_missing(test_size: float, n_days: int) -> None:
    hours = HOURS[: n_days * 24]
    start, cut = _start(holdout_start, hours, test_size), round(n_days * (1 - test_size))
    if cut < 28 or n_days - cut < 7:
        assert isinstance(start, str)
        assert start.endswith("at least 28 and 7 are needed: load more months")
    else:
        assert start == hours[cut * 24].astype("datetime64[D]")
    if isinstance(start, np.datetime64):
        parts = LastShare().parts(hours, np.zeros(hours.size), {"test_size": test_size})
        np.testing.assert_array_equal(parts.holdout, hours >= start)
        assert not parts.validation.any()


def _start(
    function: Callable[..., np.datetime64], hours: np.ndarray, test_size: float
) -> np.datetime64 | str:
    """Return the start, or what the error says."""
    try:
        return function(hours, test_size=test_size)
    except DataError as err:
        return str(err)


def test_the_request_overrides_the_declared_share_within_limits() -> None:
    assert LastShare(0.3).parts(HOURS, CLASSES, {}).holdout.mean() == pytest.approx(0.3, abs=0.01)
    asked = LastShare(0.3).parts(HOURS, CLASSES, {"test_size": 0.5})
    assert asked.holdout.mean() == pytest.approx(0.5, abs=0.01)
    with pytest.raises(InputError, match="test_size"):
        LastShare().parts(HOURS, CLASSES, {"test_size": 0.95})


def test_folds_of_the_last_share_are_those_of_its_training_part() -> None:
    split = LastShare(n_folds=4, valid_days=21, n_blocked_folds=5, block_days=14)
    train = split.parts(HOURS, CLASSES, {}).train
    known = HOURS[train]
    rolling = list(rolling_folds(known, n_folds=4, valid_days=21))
    blocked = list(blocked_folds(known, n_folds=5, block_days=14))
    ours = split.folds(HOURS, CLASSES, {}) + split.calibration_folds(HOURS, CLASSES, {})
    for fold, expected in zip(ours, rolling + blocked, strict=True):
        np.testing.assert_array_equal(fold.within(train).train, expected.train)
        np.testing.assert_array_equal(fold.within(train).valid, expected.valid)
        assert fold.number == expected.number


def test_a_short_window_gets_shorter_validation_windows_and_then_an_error() -> None:
    short = HOURS[: 80 * 24]
    folds = LastShare().folds(short, CLASSES[: short.size], {})
    assert [int(fold.valid.sum()) // 24 for fold in folds] == [9, 9, 9, 9]
    with pytest.raises(DataError, match="4 folds of 7 days leave less than 28 days"):
        LastShare().folds(HOURS[: 60 * 24], CLASSES[: 60 * 24], {})
    assert len(list(rolling_folds(HOURS, n_folds=2, valid_days=7))) == 2
    assert sum(fold.valid.sum() for fold in blocked_folds(HOURS, n_folds=3, block_days=5)) == HOURS.size


def test_last_days_are_counted_where_there_are_rows() -> None:
    weekdays = HOURS[(HOURS.astype("datetime64[D]").astype(np.int64) + 3) % 7 < 5]
    parts = LastDays(validation_days=5, holdout_days=10).parts(weekdays, np.zeros(weekdays.size), {})
    assert np.unique(weekdays[parts.holdout].astype("datetime64[D]")).size == 10
    assert np.unique(weekdays[parts.validation].astype("datetime64[D]")).size == 5
    assert parts.description == "validation from 2024-06-10 on, holdout from 2024-06-17 on"
    with pytest.raises(DataError, match="30 days with rows leave 2 to train beside 14 to validate and 14 to"):
        LastDays(validation_days=14, holdout_days=14).parts(HOURS[: 30 * 24], CLASSES[: 30 * 24], {})


def test_the_latest_three_months_are_taken_and_named() -> None:
    parts = NamedPeriods().parts(HOURS, CLASSES, {})
    assert parts.description == (
        "train 2024-04; validation 2024-05; holdout 2024-06 (the latest three months)"
    )
    assert np.unique(HOURS[parts.train].astype("datetime64[M]")).astype(str).tolist() == ["2024-04"]


def test_stray_rows_of_a_wrong_clock_are_neither_a_month_nor_part_of_one() -> None:
    strays = np.array(["2009-01-01T00", "2024-07-01T01", "2024-07-02T05"], dtype="datetime64[h]")
    time = np.sort(np.concatenate([HOURS, strays]))
    parts = NamedPeriods().parts(time, np.zeros(time.size), {})
    assert "holdout 2024-06" in parts.description
    assert not (parts.train | parts.validation | parts.holdout)[np.isin(time, strays)].any()
    with pytest.raises(DataError, match=r"in 2024-07; there are 2024-01, .*, 2024-06: load"):
        NamedPeriods().parts(time, np.zeros(time.size), _months("2024-05", "2024-06", "2024-07"))


def _months(train: object, val: object, test: object) -> dict[str, object]:
    return {"train_months": train, "val_months": val, "test_months": test}


def test_months_are_named_one_or_several() -> None:
    parts = NamedPeriods().parts(
        HOURS, CLASSES, _months(["2024-01", "2024-02"], "2024-03", "2024-05,2024-06")
    )
    assert parts.description == "train 2024-01, 2024-02; validation 2024-03; holdout 2024-05, 2024-06"
    assert parts.train.sum() == (31 + 29) * 24
    assert parts.holdout.sum() == (31 + 30) * 24
    (fold,) = NamedPeriods().folds(HOURS, CLASSES, _months("2024-01", "2024-02", "2024-03"))
    assert fold.valid.sum() == 29 * 24


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (_months("2024-13", "2024-03", "2024-04"), "train_months"),
        (_months("January", "2024-03", "2024-04"), "train_months"),
        (_months([], "2024-03", "2024-04"), "train_months"),
        ({"train_months": "2024-01"}, "must be named together"),
        (_months("2024-03", "2024-02", "2024-04"), "2024-03 is not before 2024-02"),
        (_months("2024-01", "2024-03", "2024-03"), "2024-03 is not before 2024-03"),
    ],
)
def test_months_that_cannot_be_meant_are_refused(request_: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        NamedPeriods().parts(HOURS, CLASSES, request_)


@pytest.mark.parametrize("month", ["2024-13", "２０２４-01", "2024-1", 202401])  # noqa: RUF001 - digits that only look like them
def test_a_month_is_written_as_year_and_month(month: object) -> None:
    with pytest.raises(InputError, match=r"train_months.*write the month as 2021-01($|[;,. ])"):
        NamedPeriods().parts(HOURS, CLASSES, _months([month], "2024-03", "2024-04"))


def test_missing_months_are_named_with_those_that_are_there() -> None:
    with pytest.raises(DataError, match="in 2023-12, 2024-09; there are 2024-01"):
        NamedPeriods().parts(HOURS, CLASSES, _months("2023-12", "2024-06", "2024-09"))
    with pytest.raises(DataError, match="there are 2024-01 with rows"):
        NamedPeriods().parts(HOURS[: 31 * 24], CLASSES[: 31 * 24], {})


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.1, 0.4))
def test_every_class_is_held_out_and_folded_alike(seed: int, share: float) -> None:
    split = Stratified(holdout=share, seed=seed, classes=NAMES)
    parts = split.parts(None, CLASSES, {})
    folds = split.folds(None, CLASSES, {})
    for index in range(3):
        rows = np.equal(CLASSES, index)
        assert parts.holdout[rows].sum() == pytest.approx(share * rows.sum(), abs=10)
        for fold in folds:
            assert fold.valid[rows].sum() == pytest.approx(parts.train[rows].sum() / 5, abs=1)
    assert (np.sum([fold.valid for fold in folds], axis=0) == parts.train).all()


@given(more=st.integers(0, 500))
def test_rows_that_are_added_at_the_end_move_no_row_between_the_parts(more: int) -> None:
    split = Stratified(seed=3)
    before = split.parts(None, CLASSES[:2000], {}).holdout
    after = split.parts(None, CLASSES[: 2000 + more], {}).holdout
    np.testing.assert_array_equal(before[: 2000 - 60], after[: 2000 - 60])
    np.testing.assert_array_equal(before, after[:2000])


@given(more=st.integers(0, 500))
def test_published_rows_are_drawn_by_scikit_learn_and_later_ones_leave_them_there(more: int) -> None:
    split = Stratified(holdout=0.15, seed=3, classes=NAMES, published=2000)
    rows = np.arange(2000)
    names = [NAMES[int(index)] for index in CLASSES[:2000]]
    drawn = train_test_split(rows, test_size=0.15, stratify=names, random_state=3)[1]
    held = split.parts(None, CLASSES[: 2000 + more], {}).holdout
    assert set(np.flatnonzero(held[:2000])) == set(drawn)
    later = split.parts(None, CLASSES[:2500], {}).holdout
    np.testing.assert_array_equal(held, later[: 2000 + more])


def test_rows_of_another_file_are_dealt() -> None:
    ours, plain = Stratified(seed=3, classes=NAMES, published=2000), Stratified(seed=3, classes=NAMES)
    held, dealt = (split.parts(None, CLASSES[:1999], {}).holdout for split in (ours, plain))
    np.testing.assert_array_equal(held, dealt)


def test_another_seed_draws_other_rows() -> None:
    one, two = (Stratified(seed=seed).parts(None, CLASSES, {}).holdout for seed in (1, 2))
    assert 0.1 < np.mean(one & two) / np.mean(one) < 0.3


def test_a_class_with_too_few_rows_is_named() -> None:
    rare = np.where(np.arange(HOURS.size) < 3, 2.0, np.minimum(CLASSES, 1.0))
    with pytest.raises(DataError, match=r"class large has . rows in the holdout part; at least 5 are needed"):
        Stratified(classes=NAMES).parts(None, rare, {})
    with pytest.raises(DataError, match="class 2 has"):
        Stratified().parts(None, rare, {})
    with pytest.raises(DataError, match="class huge has 0 rows"):
        Stratified(classes=(*NAMES, "huge")).parts(None, CLASSES, {})
    with pytest.raises(DataError, match="class large has 0 rows in the training part"):
        check_classes(np.minimum(CLASSES, 1.0), CLASSES >= 0, classes=NAMES, part="training")
    with pytest.raises(DataError, match="99 rows are too few to split"):
        Drawn().parts(None, CLASSES[:99], {})
