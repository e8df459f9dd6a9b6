"""The use cases of the predictor: ask the best engine at hand, show the answer, log it."""

import datetime as dt
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel

from bikecast.serving.champion.engines import FallbackEngine, ModelEngine
from bikecast.serving.champion.follower import ChampionFollower, View
from bikecast.serving.champion.predictor import answer
from bikecast.serving.kind import Observer
from bikecast.serving.log.prediction_log import PredictionLog
from use_cases.citibike.api import contract, prediction_inputs
from use_cases.citibike.api.hourly import AnyInput, HoursInput
from use_cases.citibike.api.hours import next_hours, wall_hour
from use_cases.citibike.api.outlook import Ahead, OutlookReader, weather_ahead
from use_cases.citibike.api.records import RequestMetadata, logged, shown
from use_cases.citibike.model.climatology import Climatology

Rows = list[dict[str, Any]]
Dates = Sequence[dt.datetime | None]


@dataclass(frozen=True)
class ServicePorts:
    """What the predictor needs of the world; ``now`` is an aware clock."""

    follower: ChampionFollower
    outlook: OutlookReader
    log: PredictionLog
    observer: Observer
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)


class PredictionService:
    """One method per way to ask; each raises ``UnavailableError`` when nothing can answer."""

    def __init__(self, ports: ServicePorts) -> None:
        self._ports = ports

    def trips(self, body: contract.TripRequest, *, request: str) -> Rows:
        """Predict the hours that the rows name."""
        rows = body.input_data
        task = _Request(request, partial(_inputs, rows), [row.date for row in rows], logs_hours=True)
        return self._answered(task, prediction_inputs.of_trips(rows, body.hourly))

    def features(self, rows: Sequence[BaseModel], *, request: str) -> Rows:
        """Predict from engineered features; the predecessor's are taken as the latest hours they point at."""
        clocks = [row for row in rows if isinstance(row, contract.ClockFeatures)]
        today = wall_hour(self._ports.now()).date()
        if clocks:
            asked = prediction_inputs.of_clock_features(clocks, today=today)
            return self._answered(_Request(request, partial(_inputs, rows), asked.hours.tolist()), asked)
        task = _Request(request, partial(_inputs, rows), [None] * len(rows))
        return self._answered(task, prediction_inputs.of_model_features(rows, today=today))

    def forecast(self, query: contract.ForecastQuery, *, request: str) -> dict[str, Any]:
        """Predict the next hours by published weather, or typical weather where there is none."""
        now = self._ports.now()
        ahead_of = np.asarray(next_hours(now, query.hours), dtype="datetime64[s]")
        view = self._ports.follower.view()
        outlook, typical = self._ports.outlook.current(), _climatology(view)
        ahead = weather_ahead(ahead_of, outlook=outlook, climatology=typical)
        inputs = partial(_weather_inputs, ahead)
        task = _Request(request, inputs, ahead_of.tolist(), logs_hours=True, is_logged=query.log)
        rows = self._answered(task, HoursInput(ahead_of, ahead.weather, ahead.hourly))
        return {
            "issued_at": now,
            "weather_issued_at": None if outlook is None else outlook.issued_at,
            "demand_known_until": _demand_known_until(view),
            "predictions": [
                {**row, "weather": source, "rain": rain}
                for row, source, rain in zip(rows, ahead.sources, ahead.rain(), strict=True)
            ],
        }

    def _answered(self, task: "_Request", inputs: AnyInput) -> Rows:
        started_s = time.perf_counter()
        answered = answer(self._ports.follower.view().engines, inputs)
        predictions = shown(answered, task.dates)
        latency_ms = (time.perf_counter() - started_s) * 1000
        self._ports.observer.answered(answered, rows=len(predictions), latency_ms=latency_ms)
        metadata = RequestMetadata(task.request, self._ports.now(), latency_ms)
        hours = task.dates if task.logs_hours else [None] * len(task.dates)
        if task.is_logged:
            self._ports.log.record(lambda: logged(answered, hours, task.inputs(), metadata=metadata))
        return predictions


@dataclass(frozen=True)
class _Request:
    """What one request brings besides its input.

    ``inputs`` makes what the log keeps of it; ``logs_hours`` tells that the hours are real ones, to be
    joined with actual demand later; ``is_logged`` that the log keeps the answer.
    """

    request: str
    inputs: Callable[[], Rows]
    dates: Dates
    logs_hours: bool = False
    is_logged: bool = True


def _inputs(rows: Sequence[BaseModel]) -> Rows:
    return [{name: value for name, value in row.__dict__.items() if value is not None} for row in rows]


def _weather_inputs(ahead: Ahead) -> Rows:
    names = list(ahead.weather)
    rows = zip(*(ahead.weather[name].tolist() for name in names), strict=True)
    return [
        {name: value for name, value in zip(names, row, strict=True) if math.isfinite(value)}
        | {"weather": source}
        for row, source in zip(rows, ahead.sources, strict=True)
    ]


def _demand_known_until(view: View) -> dt.date | None:
    models = (engine for engine in view.engines if isinstance(engine, ModelEngine))
    return next((engine.model.forecaster.level.as_of for engine in models), None)


def _climatology(view: View) -> Climatology | None:
    profiles = [e.fallback.naive.profile for e in view.engines if isinstance(e, FallbackEngine)]
    typical: Climatology | None = profiles[0].climatology if profiles else None
    return typical
