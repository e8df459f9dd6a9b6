"""Errors and coverage by lead time, beside those of the day's values on the same hours and forecasts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.errors import JudgementError
from bikecast.evaluation.scores import Scores
from use_cases.citibike.features import build_features
from use_cases.citibike.hourly_weather.features import OBSERVED, POSITION, HourlyRows
from use_cases.citibike.hourly_weather.intervals import wet
from use_cases.citibike.hourly_weather.learning.fitting import after_days
from use_cases.citibike.hourly_weather.path import HourlyCalibration, lead_name
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.model.metrics import score

NOISE = 0.05  # of an RMSE on some ninety days
Predict = Callable[[Matrix], Array]
_OF_DAY = {
    "TMAX": "tmax",
    "TMIN": "tmin",
    "SNOW": "snow_of_day",
    "TAVG": "tavg",
    "PRCP": "rain_of_day",
    "AWND": "wind_of_day",
}


@dataclass(frozen=True)
class LeadScores:
    """Scores by lead, of hours with rain or snow alone, and of the day's values; and the level afterwards."""

    hourly: Mapping[str, Scores]
    wet: Mapping[str, Scores]
    by_day: Mapping[str, Scores]
    serving: tuple[int, ...]
    calibration: HourlyCalibration


def judge_leads(
    sample: Sample,
    rows: HourlyRows,
    predict: Predict,
    *,
    calibration: HourlyCalibration,
    by_day: Callable[[Matrix], Forecast],
) -> LeadScores:
    """Score every lead on the holdout; level and interval follow its days, each read at its horizon.

    Args:
        sample: The holdout.
        rows: Its rows by lead.
        predict: The stateless model of hourly weather.
        calibration: From training.
        by_day: Forecasts the sample's hours from features of the day's values.
    Raises:
        JudgementError: There are no rows.
    """
    after, found = forecasts(sample, rows, predict, calibration=calibration)
    leads = np.unique(rows.lead).tolist()
    hourly = scores_by_lead(sample, rows, found)
    falls = wet(rows.features)
    wet_hours = {
        lead: _scores(sample, rows, found, inside)
        for lead in leads
        if (inside := (rows.lead == lead) & falls).any()
    }
    days = {lead: _by_day(sample, rows.take(rows.lead == lead), by_day) for lead in leads}
    return LeadScores(
        named(hourly),
        named(wet_hours),
        named(days),
        leads_that_serve(hourly, days),
        after,
    )


def leads_that_serve(hourly: Mapping[float, Scores], by_day: Mapping[float, Scores]) -> tuple[int, ...]:
    """Return the leads at which hourly weather answers: those where the day's values are not clearly better.

    Within noise the hourly model is preferred, because its intervals know the age of a forecast.
    """
    return tuple(
        int(lead) for lead, each in hourly.items() if _rmse(each) <= (1 + NOISE) * _rmse(by_day[lead])
    )


def forecasts(
    sample: Sample, rows: HourlyRows, predict: Predict, *, calibration: HourlyCalibration
) -> tuple[HourlyCalibration, Forecast]:
    """Forecast rows at a level and in bounds that follow their days, each read at its horizon.

    Returns:
        The calibration after the days, and the forecasts.
    Raises:
        JudgementError: There are no rows.
    """
    if rows.place.size == 0:
        raise JudgementError("no hour of the holdout has hourly weather")
    return after_days(sample, rows, predict(rows.features), calibration=calibration)


def scores_by_lead(sample: Sample, rows: HourlyRows, found: Forecast) -> dict[float, Scores]:
    """Score the forecasts of each lead."""
    return {lead: _scores(sample, rows, found, rows.lead == lead) for lead in np.unique(rows.lead).tolist()}


def _by_day(sample: Sample, rows: HourlyRows, by_day: Callable[[Matrix], Forecast]) -> Scores:
    """Score the model of the day's values on one lead's rows: the day as that forecast has it."""
    if rows.lead[0] == OBSERVED:
        features = sample.features[rows.place]
    else:
        weather = {name: rows.features[:, POSITION[ours]] for name, ours in _OF_DAY.items()}
        features = build_features(sample.hours[rows.place], weather)
    forecast = by_day_at(sample, rows, features, by_day)
    return _scores(sample, rows, forecast, np.ones(rows.place.shape, dtype=bool))


def by_day_at(
    sample: Sample, rows: HourlyRows, features: Matrix, by_day: Callable[[Matrix], Forecast]
) -> Forecast:
    """Forecast all hours of the sample, those of the rows by their own features, and return the rows'."""
    everything = sample.features.copy()
    everything[rows.place] = features
    found = by_day(everything)
    return Forecast(found.values[rows.place], found.low[rows.place], found.high[rows.place])


def _scores(sample: Sample, rows: HourlyRows, found: Forecast, inside: Array) -> Scores:
    place = rows.place[inside]
    low, high = found.low[inside], found.high[inside]
    return score(
        sample.hours[place], sample.actual[place], predicted=found.values[inside], low=low, high=high
    )


def _rmse(scores: Scores) -> float:
    return scores.values["rmse"]


def named(scores: Mapping[float, Scores]) -> dict[str, Scores]:
    """Return scores by the names of their leads."""
    return {lead_name(lead): each for lead, each in scores.items()}
