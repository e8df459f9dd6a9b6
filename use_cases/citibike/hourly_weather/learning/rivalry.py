"""Champion and challenger by hourly weather: what wins by the day's values may not lose by the hours'."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bikecast.evaluation.gate import Decision
from bikecast.evaluation.scores import Scores
from bikecast.registry.manifest import ChampionManifest
from training_job.evaluation.judged import Judgement
from training_job.runtime.context import Context
from use_cases.citibike.hourly_weather.learning.handover import frozen_rows
from use_cases.citibike.hourly_weather.learning.judging import NOISE, forecasts, named, scores_by_lead
from use_cases.citibike.hourly_weather.path import PART, HourlyPath, lead_name
from use_cases.citibike.hourly_weather.publishing import JudgedHourly
from use_cases.citibike.model.forecaster import Forecast
from use_cases.citibike.training.case import Case


def champion_by_lead(context: Context, case: Case, manifest: ChampionManifest | None) -> dict[str, Scores]:
    """Score the champion's model of hourly weather on the holdout, at the leads that it serves.

    Returns:
        Nothing where it has none, or the data have no hourly weather to judge it by.
    Raises:
        ArtifactError: A file of it is missing or damaged.
    """
    fields = None if manifest is None else manifest.parts.get(PART)
    rows = frozen_rows(context.data, case.job.prepare, case.everything)
    if manifest is None or fields is None or rows is None:
        return {}
    path = HourlyPath.load(context.serving, fields, version=manifest.version)
    calibration, everything = path.part.calibration, case.everything
    as_of = calibration.level.as_of
    later = case.judged if as_of is None else case.judged | (everything.hours.astype("datetime64[D]") > as_of)
    rows = rows.within(later)
    _, found = forecasts(everything, rows, path.stateless, calibration=calibration)
    inside = case.judged[rows.place] & np.isin(rows.lead, path.part.leads)
    part = Forecast(found.values[inside], found.low[inside], found.high[inside])
    return named(scores_by_lead(everything, rows.take(inside), part))


def keep_better_hours(
    judged: Judgement, hourly: JudgedHourly | None, before: Mapping[str, Scores]
) -> Judgement:
    """Reject a challenger that errs more by hourly weather than the champion does, beyond noise.

    Where the challenger answers a lead by the day's values, those are compared.
    """
    worse = [
        f"{lead}: RMSE {mine:.0f}, the champion's {theirs:.0f}"
        for lead, scores in before.items()
        if (mine := _rmse_of(hourly, lead)) > (1 + NOISE) * (theirs := scores.values["rmse"])
    ]
    if not worse:
        return judged
    reason = f"with hourly weather it is worse ({'; '.join(worse)})"
    verdict = judged.verdict.model_copy(update={"decision": Decision.REJECT, "reason": reason})
    return replace(judged, verdict=verdict)


def _rmse_of(hourly: JudgedHourly | None, lead: str) -> float:
    """Return the challenger's error at a lead; infinite where it cannot answer by hourly weather at all."""
    if hourly is None:
        return float("inf")
    scores = hourly.scores
    serves = lead in {lead_name(each) for each in scores.serving}
    return (scores.hourly if serves else scores.by_day)[lead].values["rmse"]
