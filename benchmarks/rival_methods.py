"""The methods that `benchmarks.rivals` compares: from what is known at an origin to a week's forecast."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from xgboost import XGBRegressor

from benchmarks.rival_frames import DAY, REGRESSORS, WEEK, Known, alone, at_hours, regular, waves, week
from bikecast.arrays import Array, Matrix
from bikecast.evaluation.splits.folds import blocked_folds
from use_cases.citibike.hourly_weather.features import POSITION
from use_cases.citibike.hourly_weather.intervals import calibrate
from use_cases.citibike.hourly_weather.learning.fitting import HourlyFit, out_of_fold, state_after
from use_cases.citibike.hourly_weather.path import at_level
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.training.search import SEARCH_FILE, load_hourly_search

OF_DAY = ("tmax", "tmin", "snow_of_day")
SEED = 42
RECENT_HOURS = 12 * WEEK  # what the slow ones learn from
BLOCKS, BLOCK_DAYS = 3, 14


def ours(known: Known) -> Forecast:
    """Fit as the steps do, with fewer blocks of days to calibrate on."""
    search = load_hourly_search(SEARCH_FILE)
    fit = HourlyFit(search.hourly, seed=SEED)
    sample, rows = known.sample, known.rows
    folds = blocked_folds(sample.hours, n_folds=BLOCKS, block_days=BLOCK_DAYS)
    left_out = out_of_fold(sample, rows, fit, folds)
    state = search.level.state().model_copy(update={"horizon_hours": 0})
    level = state_after(sample, rows, left_out, state=state)
    at = left_out * level.factors(sample.hours)[rows.place]
    days = sample.hours[rows.place].astype("datetime64[D]")
    interval = calibrate(rows.features, sample.actual[rows.place], at, days=days)
    hours = known.future["ds"].to_numpy(dtype="datetime64[s]")
    stateless = fit(sample, rows).predict(known.features)
    return at_level(stateless, known.features, level.factors(hours), interval=interval)


def predecessor(known: Known) -> Forecast:
    """XGBoost on cyclical clock and calendar, holiday and three of the day's values; it has no interval."""
    measured = known.rows.take(known.rows.lead < 0)
    model = XGBRegressor(n_estimators=600, max_depth=6, learning_rate=0.05, n_jobs=1, random_state=SEED)
    model.fit(_cyclical(known.history["ds"], measured.features), known.history["y"])
    return alone(model.predict(_cyclical(known.future["ds"], known.features)))


def _cyclical(stamps: "pd.Series[pd.Timestamp]", features: Matrix) -> Array:
    at = stamps.dt
    phases = (
        (at.hour, 24),
        (at.dayofweek, 7),
        (at.isocalendar().week.astype(float), 52),
        (at.month, 12),
    )
    angles = [2 * np.pi * np.asarray(values, dtype=float) / period for values, period in phases]
    waves = [wave(angle) for angle in angles for wave in (np.sin, np.cos)]
    return np.column_stack([*waves, *(features[:, POSITION[name]] for name in ("holiday", *OF_DAY))])


def statistical(known: Known, make: Callable[[], Any], *, with_weather: bool, recent: bool) -> Forecast:
    """Fit a model of statsforecast, on the newest weeks where it is slow."""
    from statsforecast import StatsForecast

    history, ahead = regular(known.history).tail(RECENT_HOURS if recent else len(known.history)), week(known)
    past, future = (pd.concat([part, waves(part["ds"])], axis=1) for part in (history, ahead))
    names = [name for name in (*REGRESSORS, *waves(ahead["ds"])) if with_weather and past[name].nunique() > 1]
    past, future = past[["unique_id", "ds", "y", *names]], future[["unique_id", "ds", *names]]
    weather = future if with_weather else None
    found = StatsForecast([make()], freq="h").forecast(df=past, h=WEEK, X_df=weather, level=[90])
    name = next(column for column in found if column not in ("unique_id", "ds") and "-" not in column)
    return at_hours(known, found, name, f"{name}-lo-90", f"{name}-hi-90")


def _naive() -> Any:
    from statsforecast.models import SeasonalNaive

    return SeasonalNaive(season_length=WEEK)


def _ets() -> Any:
    from statsforecast.models import AutoETS

    return AutoETS(season_length=DAY)


def _arima() -> Any:
    from statsforecast.models import AutoARIMA

    return AutoARIMA(max_p=3, max_q=2, nmodels=12, approximation=True, seasonal=False)


def _mstl() -> Any:
    from statsforecast.models import MSTL

    return MSTL(season_length=[DAY, WEEK], trend_forecaster=_arima())


def lightgbm(known: Known) -> Forecast:
    """Fit LightGBM by mlforecast: trips of earlier weeks, clock and weather; conformal intervals."""
    from lightgbm import LGBMRegressor
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.utils import PredictionIntervals

    trees = LGBMRegressor(
        n_estimators=500, learning_rate=0.05, num_leaves=31, n_jobs=1, random_state=SEED, verbosity=-1
    )
    model = MLForecast(
        {"trees": trees},
        freq="h",
        lags=[WEEK, 2 * WEEK],
        lag_transforms={WEEK: [RollingMean(WEEK)]},
        date_features=["hour", "dayofweek", "dayofyear"],
    )
    intervals = PredictionIntervals(n_windows=4, h=WEEK)
    model.fit(regular(known.history), static_features=[], prediction_intervals=intervals)
    found = model.predict(WEEK, X_df=week(known), level=[90])
    return at_hours(known, found, "trees", "trees-lo-90", "trees-hi-90")


def prophet(known: Known) -> Forecast:
    """Fit Prophet with federal holidays and weather."""
    from prophet import Prophet

    model = Prophet(interval_width=0.9, yearly_seasonality=False, growth="linear")
    model.add_country_holidays("US")
    for name in REGRESSORS:
        model.add_regressor(name)
    model.fit(known.history)
    return at_hours(known, model.predict(week(known)), "yhat", "yhat_lower", "yhat_upper")


def chronos(folder: str) -> Callable[[Known], Forecast]:
    """Return the foundation model whose weights are in a folder; it takes trips alone."""

    def forecast(known: Known) -> Forecast:
        import torch
        from chronos import BaseChronosPipeline

        pipeline = BaseChronosPipeline.from_pretrained(folder, local_files_only=True)
        recent = torch.tensor(regular(known.history)["y"].to_numpy()[-2048:])
        quantiles, _ = pipeline.predict_quantiles(
            recent, prediction_length=WEEK, quantile_levels=[0.05, 0.5, 0.95]
        )
        low, middle, high = quantiles[0].numpy().T
        found = pd.DataFrame({"ds": week(known)["ds"], "low": low, "middle": middle, "high": high})
        return at_hours(known, found, "middle", "low", "high")

    return forecast


METHODS: dict[str, Callable[[Known], Forecast]] = {
    "seasonal naive (week)": partial(statistical, make=_naive, with_weather=False, recent=False),
    "predecessor's recipe": predecessor,
    "AutoETS (day)": partial(statistical, make=_ets, with_weather=False, recent=True),
    "AutoARIMA, waves and weather": partial(statistical, make=_arima, with_weather=True, recent=True),
    "MSTL, AutoARIMA with weather": partial(statistical, make=_mstl, with_weather=True, recent=True),
    "LightGBM by mlforecast": lightgbm,
    "Prophet, holidays and weather": prophet,
    "ours": ours,
}
