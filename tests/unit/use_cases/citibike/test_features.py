import numpy as np
import pytest

from bikecast.errors import FeatureError
from use_cases.citibike.features import FEATURE_NAMES, FEATURES, OPTIONAL_WEATHER, build_features

HOURS = np.arange("2024-03-09", "2024-03-12", dtype="datetime64[h]")


def _weather(**changes: float) -> dict[str, np.ndarray]:
    values = {"TMAX": 60.0, "TMIN": 40.0, "SNOW": 0.0} | changes
    return {name: np.full(HOURS.shape, value) for name, value in values.items()}


def test_matrix_has_one_named_column_per_feature() -> None:
    matrix = build_features(HOURS, _weather(PRCP=0.2, AWND=5.0, SNWD=0.0, TAVG=51.0))
    assert matrix.shape == (HOURS.size, len(FEATURES))
    assert matrix.dtype == np.float32
    assert np.isfinite(matrix).all()
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)


def test_every_feature_says_when_it_is_known() -> None:
    assert all(feature.known and feature.meaning for feature in FEATURES)


def test_absent_optional_weather_is_nan_and_average_temperature_is_the_middle() -> None:
    matrix = build_features(HOURS, _weather())
    missing = {name for name in FEATURE_NAMES if np.isnan(matrix[:, FEATURE_NAMES.index(name)]).any()}
    assert missing == set(OPTIONAL_WEATHER) - {"TAVG"}
    assert (matrix[:, FEATURE_NAMES.index("TAVG")] == 50).all()


@pytest.mark.parametrize("name", ["TMAX", "TMIN", "SNOW"])
def test_needed_weather_is_asked_for_by_name(name: str) -> None:
    weather = _weather()
    del weather[name]
    with pytest.raises(FeatureError, match=name):
        build_features(HOURS, weather)


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    together = build_features(HOURS, _weather())
    alone = np.concatenate(
        [build_features(HOURS[[i]], {k: v[[i]] for k, v in _weather().items()}) for i in range(HOURS.size)]
    )
    np.testing.assert_array_equal(together, alone)


def test_no_hours_give_no_rows() -> None:
    empty = np.empty(0)
    matrix = build_features(HOURS[:0], {"TMAX": empty, "TMIN": empty, "SNOW": empty})
    assert matrix.shape == (0, len(FEATURES))
