"""The pictures of an evaluation: one file for each thing that people look at."""

import numpy as np

from bikecast.families import family
from bikecast.families.blend import Blend
from tests.unit.use_cases.citibike.test_task import FEATURES, HOURS, TRIPS
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.level import LevelState
from use_cases.citibike.model.task import TASK
from use_cases.citibike.training.judgement import Forecasts
from use_cases.citibike.training.plots import draw_forecasts, draw_model
from use_cases.citibike.training.shap_plot import draw_shap


def test_every_member_that_can_explain_itself_gets_a_picture() -> None:
    quick = {"n_estimators": 20}
    members = {
        name: family(name).fit(FEATURES, TRIPS, task=TASK, params=params, seed=1)
        for name, params in {"xgboost": quick, "xgboost_poisson": quick, "glm": {}}.items()
    }
    forecasts = Forecasts(TRIPS, TRIPS - 10, TRIPS + 10, LevelState())
    drawn = draw_model(Blend(members), FEATURES) | draw_forecasts(Sample(HOURS, FEATURES, TRIPS), forecasts)
    assert set(drawn) == {
        "predicted_by_week.png",
        "residuals_by_hour.png",
        "importance.png",
        "coverage.png",
        "shap_xgboost.png",
        "shap_xgboost_poisson.png",
    }
    assert all(body.startswith(b"\x89PNG") for body in drawn.values())


def test_a_feature_without_values_is_drawn_all_the_same() -> None:
    features = FEATURES[:30].copy()
    features[:, -1] = np.nan
    assert draw_shap(features, np.zeros(features.shape), name="flat").startswith(b"\x89PNG")
