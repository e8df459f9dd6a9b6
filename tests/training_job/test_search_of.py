"""What is searched follows from the metric that decides, where a use case brings no file of its own."""

from dataclasses import replace

from bikecast import discovery
from bikecast.evaluation.metrics import MAE, RMSE
from bikecast.use_case.declaration import SEARCH
from tests.unit.examples.toy import TOY
from training_job.tuning.search import search_of


def test_absolute_errors_are_tried_where_they_decide() -> None:
    bare = replace(TOY, search=SEARCH)
    assert list(search_of(replace(bare, metrics=(MAE, RMSE))).families) == ["xgboost", "xgboost_absolute"]
    assert list(search_of(replace(bare, metrics=(RMSE, MAE))).families) == ["xgboost"]


def test_a_file_of_its_own_is_taken_as_it_is() -> None:
    assert list(search_of(discovery.load("ride_duration")).families) == ["xgboost_absolute"]
