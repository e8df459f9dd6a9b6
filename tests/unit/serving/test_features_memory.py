"""Small batches look calendar features up; they must be what a large batch computes."""

import numpy as np

from use_cases.citibike.features import FEATURE_NAMES, MEMO_BATCH, build_features

HOURS = np.arange("2024-01-01", "2024-06-01", dtype="datetime64[h]")
WEATHER = {
    "TMAX": np.full(HOURS.shape, 41.0),
    "TMIN": np.full(HOURS.shape, 33.0),
    "SNOW": np.zeros(HOURS.shape),
}


def test_remembered_rows_equal_computed_ones_in_any_order() -> None:
    assert HOURS.size > MEMO_BATCH
    computed = build_features(HOURS, WEATHER)
    for seed in range(3):
        picked = np.random.default_rng(seed).integers(0, HOURS.size, 200)
        part = {name: values[picked] for name, values in WEATHER.items()}
        for _ in range(2):
            np.testing.assert_array_equal(build_features(HOURS[picked], part), computed[picked])


def test_no_hours_give_no_rows() -> None:
    empty = build_features(HOURS[:0], {name: values[:0] for name, values in WEATHER.items()})
    assert empty.shape == (0, len(FEATURE_NAMES))
