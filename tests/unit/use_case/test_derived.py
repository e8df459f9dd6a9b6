"""What follows from the inputs where a declaration says nothing else."""

import numpy as np
import pytest

from bikecast.errors import FeatureError
from bikecast.use_case import Category, Input, Moment, Number, Text, features_of
from bikecast.use_case.derived import example_of

INPUTS = (
    Input("id", "Identity", Text(), optional=True),
    Input("fixed acidity", "Acid", Number(0, 10)),
    Input("rooms", "Rooms", Number(1, 4, integer=True)),
    Input("colour", "Colour", Category(("red", "blue"))),
    Input("at", "Time", Moment()),
    Input("day", "Day", Moment(clock=False)),
    Input("note", "Note", Number(0, 1), optional=True),
)


def columns(n: int = 2) -> dict[str, np.ndarray]:
    some = {
        "fixed acidity": np.array([1.5, np.nan]),
        "rooms": np.array([2.0, 3.0]),
        "colour": np.array(["blue", None], dtype=object),
        "at": np.array(["2024-02-29T18:30:00", "NaT"], dtype="datetime64[s]"),
        "day": np.array(["1969-12-31", "2024-01-01"], dtype="datetime64[s]"),
        "note": np.array([np.nan, 1.0]),
    }
    return {name: values[:n] for name, values in some.items()}


def test_each_input_but_texts_gives_features_and_what_is_missing_stays_missing() -> None:
    features = features_of(INPUTS)
    assert features.names == (
        "fixed_acidity", "rooms", "colour", "at_hour", "at_weekday", "at_month",
        "day_weekday", "day_month", "note",
    )  # fmt: skip
    assert features.categorical == (2,)
    built = features.build(columns())
    assert built.dtype == np.float32
    nan = np.nan
    expected = [[1.5, 2, 1, 18.5, 3, 2, 2, 12, nan], [nan, 3, nan, nan, nan, nan, 0, 1, 1]]
    np.testing.assert_array_equal(built, np.array(expected, dtype=np.float32))


def test_an_input_that_is_not_given_at_all_is_named() -> None:
    given = columns()
    del given["rooms"]
    with pytest.raises(FeatureError, match="rooms"):
        features_of(INPUTS).build(given)


def test_an_example_is_legal_and_leaves_out_what_may_be_absent() -> None:
    assert example_of(INPUTS) == {
        "fixed acidity": 5.0,
        "rooms": 2,
        "colour": "red",
        "at": "2024-01-02 08:00:00",
        "day": "2024-01-02",
    }
