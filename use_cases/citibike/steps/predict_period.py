"""Let the champion predict a past period as it would have served it, into the prediction log."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, model_validator

from bikecast.database import connect
from bikecast.errors import DataError, InputError
from bikecast.names import PredictionSource
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.manifest import ChampionManifest
from bikecast.requests import parse_request
from training_job.migrations import migrate
from training_job.runtime.context import Context
from use_cases.citibike.model.backtest import Sample
from use_cases.citibike.model.forecaster import Forecast, Forecaster
from use_cases.citibike.monitoring.actuals import demand_rows, hour_key, hourly_actuals
from use_cases.citibike.training import dataset
from use_cases.citibike.training.period_results import PeriodResults


class PeriodRequest(BaseModel):
    """First and last day, New York."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: dt.date
    end: dt.date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"`start <= end` must hold, but got (start={self.start}, end={self.end})")
        return self


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many hours were predicted, by which version and where; a repetition changes nothing.

    Only the weather must be known; demand, where it is, becomes actuals. When either fails its contract,
    the last good result of the same period stands in, and ``problem`` says why.

    Raises:
        InputError: There is no champion yet.
        DataError: The inputs fail their contract and no earlier result is there to stand in.
    """
    request = parse_request(PeriodRequest, payload)
    manifest = ChampionStore(context.serving).read().manifest
    if manifest is None:
        raise InputError("there is no champion that could predict: train first")
    migrate(context.database)
    results = PeriodResults(context.data, request.start, request.end)
    try:
        frame = dataset.read_period(context.data, request.start, request.end)
    except DataError as err:
        return results.last_good(err)
    return _predict(context, frame, manifest, results)


def _predict(
    context: Context, frame: pd.DataFrame, manifest: ChampionManifest, results: PeriodResults
) -> Mapping[str, Any]:
    sample = dataset.to_sample(frame)
    forecaster = Forecaster.load(context.serving, manifest)
    forecast = forecaster.predict_features(sample.features, factors=forecaster.level.factors(sample.hours))
    rows = list(_rows(context, sample, frame, forecast, version=manifest.version))
    with connect(context.database, application="bikecast-predict-period") as connection:
        connection.cursor().executemany(_INSERT, rows)
        ridden = frame[frame["trips"].notna()]
        if len(ridden):
            known = demand_rows(ridden.assign(date=ridden["timestamp"], hour=ridden["timestamp"].dt.hour))
            hourly_actuals(connection).record(
                known, now=context.clock(), data_hash=dataset.content_hash(ridden)
            )
    columns = {
        "hour": sample.hours,
        "prediction": forecast.values,
        "low": forecast.low,
        "high": forecast.high,
    }
    return results.keep(pd.DataFrame(columns), version=manifest.version)


def _rows(
    context: Context, sample: Sample, frame: pd.DataFrame, forecast: Forecast, *, version: str
) -> Iterator[dict[str, Any]]:
    inputs = frame[list(dataset.WEATHER)].astype(object).where(frame[list(dataset.WEATHER)].notna(), None)
    asked = context.clock()
    columns = (sample.hours.tolist(), forecast.values, forecast.low, forecast.high, inputs.to_dict("records"))
    for hour, value, low, high, weather in zip(*columns, strict=True):
        name = f"period|{version}|{hour.isoformat()}"
        yield {
            "id": hashlib.sha256(name.encode()).hexdigest()[:32],
            "request_id": "predict-period",
            "key": hour_key(hour),
            "hour": hour,
            "asked": asked,
            "version": version,
            "source": PredictionSource.CHAMPION.value,
            "value": float(value),
            "low": float(low),
            "high": float(high),
            "inputs": json.dumps(weather),
        }


_INSERT = """
insert into monitoring.predictions
    (use_case, id, request_id, key, predicted_for, requested_at, model_version, source, prediction, low,
     high, inputs)
values ('citibike', %(id)s, %(request_id)s, %(key)s, %(hour)s, %(asked)s, %(version)s, %(source)s,
    %(value)s, %(low)s, %(high)s, %(inputs)s::jsonb)
on conflict (id) do nothing
"""
