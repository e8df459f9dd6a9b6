"""Bodies: the predecessor's work unchanged, units are checked, nothing is silently ignored."""

from typing import Any

import pytest
from pydantic import ValidationError

from use_cases.citibike.api.contract import (
    MAX_ROWS,
    ClockFeatures,
    FeatureRequest,
    ModelFeatures,
    TripRequest,
)

TRIP = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}
CLOCK = {
    "holiday": 1, "TMAX": 47.0, "TMIN": 36.0, "SNOW": 0.0,
    "hr_sin": 0.258819, "hr_cos": 0.965926, "weekday_sin": 0.0, "weekday_cos": 1.0,
    "week_sin": 0.0, "week_cos": 1.0, "mnth_sin": 0.0, "mnth_cos": 1.0,
}  # fmt: skip
MODEL = {
    "hour": 8, "dow": 3, "holiday": 0, "workday": 1, "doy_sin": 0.03, "doy_cos": 0.99, "sun": 5.0,
    "daylen": -0.98, "to_hol": 4, "from_hol": 1, "xmasweek": 0, "tom_off": 0, "yest_off": 1,
    "hol_major": 0, "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0, "TAVG": None, "PRCP": 0.1,
}  # fmt: skip


def _paths(request: type[TripRequest] | type[FeatureRequest], row: dict[str, Any]) -> set[Any]:
    with pytest.raises(ValidationError) as caught:
        request.model_validate({"input_data": [row]})
    return {error["loc"][-1] for error in caught.value.errors()}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("TMAX", 300.0),  # Kelvin
        ("TMIN", -60.0),
        ("SNOW", 250.0),  # millimetres
        ("SNOW", -1.0),
        ("PRCP", 30.0),
        ("AWND", 500.0),
        ("TMAX", float("nan")),
        ("TMAX", float("inf")),
        ("TMAX", "41"),
        ("TMAX", True),
        ("TMAX", None),
        ("date", "2025-02-30"),
        ("date", 1735804800),
        ("date", None),
        ("prcp", 0.1),
    ],
)
def test_each_bad_field_is_named(field: str, value: Any) -> None:
    assert field in _paths(TripRequest, TRIP | {field: value})


def test_a_coldest_hour_above_the_warmest_is_refused() -> None:
    with pytest.raises(ValidationError, match="TMIN <= TMAX"):
        TripRequest.model_validate({"input_data": [TRIP | {"TMIN": 50.0}]})


def test_optional_weather_may_be_absent_or_null() -> None:
    [row] = TripRequest.model_validate({"input_data": [TRIP | {"PRCP": None, "AWND": 3}]}).input_data
    assert (row.PRCP, row.AWND, row.TAVG) == (None, 3.0, None)


def test_the_predecessors_rows_are_known_by_their_columns_and_may_hold_more() -> None:
    request = FeatureRequest.model_validate({"input_data": [CLOCK | {"day_sin": 0.1}, CLOCK]})
    assert all(isinstance(row, ClockFeatures) for row in request.input_data)


def test_the_models_own_features_are_known_too() -> None:
    [row] = FeatureRequest.model_validate({"input_data": [MODEL]}).input_data
    assert isinstance(row, ModelFeatures)


def test_kinds_are_not_mixed_in_one_request() -> None:
    with pytest.raises(ValidationError):
        FeatureRequest.model_validate({"input_data": [MODEL, CLOCK]})


def test_a_missing_feature_is_named() -> None:
    assert _paths(FeatureRequest, {k: v for k, v in MODEL.items() if k != "daylen"}) == {"daylen"}
    assert _paths(FeatureRequest, {k: v for k, v in CLOCK.items() if k != "hr_cos"}) == {"hr_cos"}


@pytest.mark.parametrize("rows", [[], [TRIP] * (MAX_ROWS + 1)])
def test_batches_have_limits(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        TripRequest.model_validate({"input_data": rows})
