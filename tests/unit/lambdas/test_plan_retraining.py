"""The first state of the retrain machine."""

import pytest

from bikecast.errors import InputError
from lambdas.plan_retraining.plan import Event, plan_retraining


def plan(request: object) -> dict[str, object]:
    return plan_retraining(Event(request=request, execution="nightly"))


def test_an_empty_request_is_filled_in() -> None:
    planned = plan({})
    assert planned["execution"] == "nightly"
    assert planned["workers"] == [{"worker": 0}, {"worker": 1}]
    assert planned["request"] == {
        "use_case": "citibike",
        "start_train_date": "2024-01-01",
        "end_train_date": None,
        "test_size": 0.2,
        "random_state": 42,
        "n_trials": 50,
        "tuning_workers": 2,
        "registered_model_name": "xgb-citibike-reg-model",
        "threshold": 0.1,
        "approval": False,
    }


def test_there_are_never_more_workers_than_trials() -> None:
    assert plan({"n_trials": 3, "tuning_workers": 8})["workers"] == [{"worker": n} for n in range(3)]


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"n_trials": "many"}, "n_trials: .*got 'many'"),
        (
            {"start_train_date": "2024-05-01", "end_train_date": "2024-01-01"},
            "start_train_date < end_train_date",
        ),
        ({"trials": 3}, "trials: Extra inputs are not permitted"),
        (None, "input: must be a JSON object"),
        ([1], "input: must be a JSON object"),
    ],
)
def test_a_bad_request_is_refused_with_its_field(request_: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        plan(request_)
