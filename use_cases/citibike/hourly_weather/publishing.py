"""What ``evaluate`` does with the model of hourly weather: scores by lead, and a part of the manifest."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bikecast.evaluation.scores import Scores
from bikecast.registry.artifacts import fetch, write_once
from bikecast.storage import ObjectStore
from training_job.runtime.context import Context
from use_cases.citibike.hourly_weather.features import NAMES, HourlyRows
from use_cases.citibike.hourly_weather.learning.handover import CALIBRATION, GRAPH, frozen_rows
from use_cases.citibike.hourly_weather.learning.judging import LeadScores, judge_leads
from use_cases.citibike.hourly_weather.path import HourlyCalibration, HourlyPart
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast, OnnxModel, golden_json
from use_cases.citibike.training.case import Case
from use_cases.citibike.training.judgement import challenger_forecasts

_GOLDEN_ROWS = 96


@dataclass(frozen=True)
class JudgedHourly:
    """The judged model: its graph, the holdout's rows and the scores."""

    graph: bytes
    rows: HourlyRows
    scores: LeadScores

    def segments(self) -> dict[str, Scores]:
        """Return the scores as the decision's record shows them."""
        named = {f"hourly weather, {lead}": each for lead, each in self.scores.hourly.items()}
        named |= {f"hourly weather, {lead}, wet hours": each for lead, each in self.scores.wet.items()}
        return named | {f"day's values, {lead}": each for lead, each in self.scores.by_day.items()}

    def part(self, store: ObjectStore, prefix: str) -> dict[str, Any]:
        """Publish graph and golden rows, every lead among them, and return the manifest's part."""
        matrix, model = self.rows.features, OnnxModel(self.graph)
        spread = np.linspace(0, len(matrix) - 1, min(_GOLDEN_ROWS, len(matrix))).astype(int)
        golden = matrix[np.unique([*spread, *np.unique(self.rows.lead, return_index=True)[1]])]
        part = HourlyPart(
            features=NAMES,
            model=write_once(store, prefix, "hourly.onnx", self.graph),
            golden=write_once(
                store, prefix, "hourly-golden.json", golden_json(golden, model.predict(golden))
            ),
            calibration=self.scores.calibration,
            leads=self.scores.serving,
            holdout=dict(self.scores.hourly),
            by_day=dict(self.scores.by_day),
        )
        return part.model_dump(mode="json")


def judge_hourly(context: Context, case: Case) -> JudgedHourly | None:
    """Judge the challenger's model of hourly weather on the holdout; None if it has none.

    Raises:
        ArtifactError: A file is not what the step before wrote.
        JudgementError: It cannot be judged.
    """
    files, sample = case.job.train.more, case.holdout
    if GRAPH not in files:
        return None
    graph = fetch(context.artifacts, files[GRAPH])
    calibration = HourlyCalibration.model_validate_json(fetch(context.artifacts, files[CALIBRATION]))
    everything = frozen_rows(context.data, case.job.prepare, case.everything)
    rows = _of_holdout(case, everything)
    by_day = OnnxModel(case.graph)

    def forecast(features: Any) -> Forecast:
        there = Sample(sample.hours, features, sample.actual)
        found = challenger_forecasts(there, by_day.predict(features), calibration=case.calibration)
        return Forecast(found.values, found.low, found.high)

    scores = judge_leads(sample, rows, OnnxModel(graph).predict, calibration=calibration, by_day=forecast)
    return JudgedHourly(graph, rows, scores)


def _of_holdout(case: Case, rows: HourlyRows | None) -> HourlyRows:
    """Return the rows of the holdout, their places counted from its start."""
    if rows is None:
        return HourlyRows(np.empty(0, dtype=np.int64), np.empty((0, len(NAMES)), dtype=np.float32))
    inside = rows.within(case.judged)
    places = np.cumsum(case.judged) - 1
    return HourlyRows(places[inside.place], inside.features)
