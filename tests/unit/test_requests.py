"""Bad requests are refused with the field and the reason."""

import datetime as dt

import pytest

from bikecast.errors import InputError
from bikecast.requests import parse_request
from use_cases.citibike.request import HourlyRequest


def test_an_empty_request_gets_the_documented_defaults() -> None:
    request = parse_request(HourlyRequest, {})
    assert request.start_train_date == dt.date(2024, 1, 1)
    assert request.end_train_date is None
    assert (request.test_size, request.random_state, request.n_trials) == (0.2, 42, 50)
    assert (request.tuning_workers, request.threshold, request.approval) == (2, 0.1, False)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"n_trials": "many"}, "n_trials"),
        ({"n_trials": "7"}, "n_trials"),
        ({"n_trials": 0}, "n_trials"),
        ({"test_size": 1.5}, "test_size"),
        ({"test_size": float("nan")}, "test_size"),
        ({"start_train_date": "2024-13-01"}, "start_train_date"),
        ({"start_train_date": 0}, "start_train_date"),
        ({"start_train_date": "1704067200"}, "start_train_date"),
        ({"end_train_date": True}, "end_train_date"),
        ({"threshold": "0.1"}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"random_state": "1"}, "random_state"),
        ({"trials": 3}, "trials"),
        ({"approval": "yes"}, "approval"),
        ([], "input"),
    ],
)
def test_a_bad_field_is_named(payload: object, field: str) -> None:
    with pytest.raises(InputError, match=rf"^{field}: "):
        parse_request(HourlyRequest, payload)


def test_an_end_before_the_start_is_refused_with_both_dates() -> None:
    with pytest.raises(InputError, match=r"2024-06-01.*2024-01-01"):
        parse_request(HourlyRequest, {"start_train_date": "2024-06-01", "end_train_date": "2024-01-01"})


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(InputError, match=r"n_trials: .*; .*colour: "):
        parse_request(HourlyRequest, {"n_trials": "many", "colour": "red"})
