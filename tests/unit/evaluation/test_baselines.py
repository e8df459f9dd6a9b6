"""Baselines, and the segments on which models are compared."""

import numpy as np
import pytest

from bikecast.errors import DataError, FeatureError
from bikecast.evaluation.baselines import (
    AlwaysClass,
    Baseline,
    ClassShares,
    EarlierMean,
    GroupMedian,
    MostFrequentClass,
    answers,
    hour_of,
    weekday_of,
)
from bikecast.evaluation.segments import masks
from bikecast.use_case import Regression, Segment
from tests.unit.evaluation.cases import MINUTES, PAYMENT, SIZES, sample
from use_cases.citibike.model import baselines as hourly

TRIPS = Regression(target="trips", unit="trips", low=0, high=1e6)
LAST_WEEK = EarlierMean((168,), "same_hour_last_week", gap_hours_back=(336, 504))
FOUR_WEEKS = EarlierMean((168, 336, 504, 672), "mean_of_four_weeks", gap_hours_back=(336, 504))
LAST_YEAR = EarlierMean((364 * 24,), "same_hour_last_year", gap_hours_back=(336, 504))

MEMBER = np.array(["member", "member", "casual", None], dtype=object)
RIDES = sample(np.array([10.0, 20, 40, 60]), member=MEMBER, docks=np.array([1.0, 1, np.nan, 2]))


def test_a_median_is_of_rows_that_are_alike_and_of_all_rows_for_a_new_group() -> None:
    asked = sample(
        np.zeros(4), member=np.array(["member", "casual", None, "robot"], dtype=object), docks=np.zeros(4)
    )
    found = GroupMedian(("member",)).predict(RIDES, asked, MINUTES)
    assert found.values.tolist() == [15, 40, 60, 30]


def test_numbers_and_missing_numbers_are_groups_and_bounds_hold() -> None:
    asked = sample(np.zeros(3), member=MEMBER[:3], docks=np.array([1.0, np.nan, 7]))
    tight = Regression(target="minutes", unit="min", low=1, high=35)
    assert GroupMedian(("docks",)).predict(RIDES, asked, tight).values.tolist() == [15, 35, 30]
    both = GroupMedian(("docks", "member"), "by_both")
    assert both.name == "by_both"
    assert both.predict(RIDES, asked, MINUTES).values.tolist() == [15, 30, 30]


def test_groups_can_be_computed_from_a_moment() -> None:
    started = np.array(["2024-01-01T08:10", "2024-01-02T08:50", "2024-01-06T20:00"], dtype="datetime64[s]")
    rides = sample(np.array([10.0, 30, 50]), started=started)
    assert hour_of("started")(rides.columns).tolist() == [8, 8, 20]
    assert weekday_of("started")(rides.columns).tolist() == [0, 1, 5]
    found = GroupMedian((hour_of("started"),)).predict(rides, rides, MINUTES)
    assert found.values.tolist() == [20, 20, 50]
    with pytest.raises(FeatureError, match="`ended` is missing"):
        GroupMedian(("ended",)).predict(rides, rides, MINUTES)


def test_always_one_class_is_certain_of_it() -> None:
    found = AlwaysClass("cash").predict(RIDES, RIDES, PAYMENT)
    assert AlwaysClass("cash").name == "always_cash"
    assert found.values.tolist() == [1, 1, 1, 1]
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0, 1]] * 4
    with pytest.raises(DataError, match="'gold' is not one of card, cash"):
        AlwaysClass("gold").predict(RIDES, RIDES, PAYMENT)


def test_shares_are_of_rows_that_are_alike_and_rule_no_class_out() -> None:
    people = sample(np.array([0.0, 0, 1, 2]), member=MEMBER)
    found = ClassShares(("member",)).predict(people, people, SIZES)
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities[0], [3 / 5, 1 / 5, 1 / 5])
    assert found.values.tolist() == [0, 0, 1, 2]
    new = sample(np.zeros(1), member=np.array(["robot"], dtype=object))
    unseen = ClassShares(("member",)).predict(people, new, SIZES)
    assert unseen.probabilities is not None
    np.testing.assert_allclose(unseen.probabilities[0], [3 / 7, 2 / 7, 2 / 7])
    unseen.check("shares", 1)


def test_the_most_frequent_class_is_of_the_training_rows() -> None:
    found = MostFrequentClass().predict(sample(np.array([2.0, 1, 2])), sample(np.zeros(5)), SIZES)
    assert found.values.tolist() == [2] * 5


@pytest.mark.parametrize("n_days", [30, 70, 400])
def test_earlier_hours_are_answered_as_by_the_baselines_of_hours(n_days: int) -> None:
    generator = np.random.default_rng(n_days)
    hours = np.arange("2023-01-01", n_days * 24, dtype="datetime64[h]")
    hours = hours[generator.random(hours.size) > 0.01]  # gaps
    everything = sample(generator.uniform(0, 500, hours.size), time=hours)
    late = hours >= hours[-1] - np.timedelta64(14, "D")
    expected = hourly.baseline_forecasts(hours, everything.target, hours=hours[late])
    found = answers(
        (LAST_WEEK, FOUR_WEEKS, LAST_YEAR), everything.take(~late), rows=everything.take(late), task=TRIPS
    )
    assert found.keys() == expected.keys()
    assert found
    for name, outcome in found.items():
        np.testing.assert_allclose(outcome.values, expected[name])


def test_earlier_values_are_of_the_same_series() -> None:
    days = np.repeat(np.arange("2024-01-01", "2024-01-21", dtype="datetime64[D]"), 2)
    shop = np.tile(np.array(["north", "south"], dtype=object), 20)
    everything = sample(
        np.where(shop == "north", 10.0, 1000.0) + np.repeat(np.arange(20.0), 2), time=days, shop=shop
    )
    late = days >= np.datetime64("2024-01-10")
    baseline = EarlierMean((168,), "same_day_last_week", by=("shop",))
    found = baseline.predict(everything.take(~late), everything.take(late), TRIPS)
    assert found is not None
    np.testing.assert_allclose(found.values, everything.target[late] - 7)
    evening = np.array(["2024-01-01T23"], dtype="datetime64[h]")
    young = sample(np.zeros(1), time=evening, shop=np.array(["south"], dtype=object))
    assert baseline.predict(everything.take(shop == "north"), young, TRIPS) is None


def test_a_baseline_for_another_task_says_so() -> None:
    for baseline, task in ((GroupMedian(()), SIZES), (ClassShares(), MINUTES), (LAST_WEEK, SIZES)):
        with pytest.raises(DataError, match="was declared for a task of"):
            baseline.predict(RIDES, RIDES, task)
    with pytest.raises(DataError, match="needs a time for every row"):
        LAST_WEEK.predict(RIDES, RIDES, TRIPS)


def test_answers_are_named_by_their_baselines() -> None:
    declared: tuple[Baseline, ...] = (GroupMedian((), "median"), GroupMedian(("member",), "median_by_member"))
    found = answers(declared, RIDES, rows=RIDES, task=MINUTES)
    assert {name: len(outcome) for name, outcome in found.items()} == {"median": 4, "median_by_member": 4}


def test_segments_are_those_that_have_rows_and_the_months() -> None:
    time = np.array(["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"], dtype="datetime64[s]")
    declared = (
        Segment("long", lambda columns: columns["docks"] > 1),
        Segment("huge", lambda columns: columns["docks"] > 9),
    )
    found = masks(declared, sample(RIDES.target, time=time, docks=np.array([1.0, 2, 3, 4])))
    assert {name: rows.tolist() for name, rows in found.items()} == {
        "long": [False, True, True, True],
        "month 2024-01": [True, True, False, False],
        "month 2024-02": [False, False, True, True],
    }
    assert set(masks(declared, RIDES)) == {"long"}


def test_a_segment_that_is_not_a_mask_is_named() -> None:
    for rows in (np.array([0, 1]), np.array([True]), np.zeros(4)):
        with pytest.raises(DataError, match="segment odd: must give true or false for each of 4 rows"):
            masks((Segment("odd", lambda columns, rows=rows: rows),), RIDES)  # type: ignore[misc]  # mypy infers no type for a lambda with defaults
