"""What each part of a request of one row costs, one part after the other, in the handler's process.

Run by ``benchmarks.serving --parts``. It is the CPU time of the thread that nine calls of ten exceed, because
whatever else runs on the machine can only slow a call.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
from mangum import Mangum
from pydantic_core import to_json

from benchmarks.serving.ours import Context, event
from bikecast.names import CHAMPION_KEY, Metric, PredictionSource
from bikecast.registry.manifest import ChampionManifest
from bikecast.serving.champion.engines import ModelEngine
from bikecast.serving.champion.predictor import answer
from bikecast.serving.web import direct
from bikecast.serving.web.bodies import each_key_once
from bikecast.storage import FolderStore
from lambdas.predict import handler
from use_cases.citibike.api import contract, prediction_inputs
from use_cases.citibike.api.hourly import LOADERS
from use_cases.citibike.api.records import shown
from use_cases.citibike.features import FEATURE_NAMES
from use_cases.citibike.model.forecaster import OnnxModel

TURNS, WARM_UP = 800, 100
Parts = dict[str, Callable[[], object]]


async def nothing(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - names of the protocol
    """Answer as an application that does nothing."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


@handler.metrics.log_metrics(capture_cold_start_metric=True)
def _metrics(_: Any, __: Any) -> None:
    for name in (Metric.PREDICTIONS, Metric.PREDICTION_LATENCY, Metric.FALLBACK_PREDICTIONS):
        handler.metrics.add_metric(name, "Count", 1)


@handler.logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
def _context(_: Any, __: Any) -> None:
    """Do nothing within the context."""


def parts(plan: dict[str, Any]) -> Parts:
    """Return the parts of a request of ``/predict_trip``, by name."""
    predictor, context = handler.predictor(), cast("Any", Context())
    trip = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}
    asked, bare = event("/predict_trip", [trip]), OnnxModel(Path(plan["graph"]).read_bytes())
    row = np.asarray([[plan["rows"][0][name] for name in FEATURE_NAMES]], dtype=np.float32)
    parsed = json.loads(asked["body"])
    checked = contract.TripRequest.model_validate(parsed)
    inputs = prediction_inputs.of_trips(checked.input_data)
    store = FolderStore(Path(plan["bucket"]))
    manifest = ChampionManifest.model_validate_json(store.read(CHAMPION_KEY).body)
    champion = ModelEngine(PredictionSource.CHAMPION, manifest, LOADERS.model(store, manifest))
    answered = answer([champion], inputs)
    rows = shown(answered, [checked.input_data[0].date])
    application: Any = predictor._api
    empty: Any = Mangum(cast(Any, nothing), lifespan="off")
    record = {"rows": 1, "latency_ms": 0.1, "source": "champion", "model_version": "1", "problem": None}
    return {
        "floor: the runtime's predict call": lambda: bare.predict(row),
        "the answer directly": lambda: predictor._direct.answer(asked),
        "the answer by Mangum, FastAPI and Starlette": lambda: application(asked, context),
        "Mangum alone": lambda: empty(asked, context),
        "Powertools: context of the log": lambda: _context(asked, context),
        "Powertools: three metrics as EMF": lambda: _metrics(asked, context),
        "Powertools: one log record": lambda: handler.logger.info("predicted", extra=record),
        "telling a plain request": lambda: direct._is_plain(asked),
        "reading JSON, each key once": lambda: json.loads(asked["body"], object_pairs_hook=each_key_once),
        "validation by pydantic": lambda: contract.TripRequest.model_validate(parsed),
        "checked rows as arrays": lambda: prediction_inputs.of_trips(checked.input_data),
        "features, level, ONNX, interval, check": lambda: answer([champion], inputs),
        "rows of the answer": lambda: shown(answered, [checked.input_data[0].date]),
        "writing JSON": lambda: to_json({"predictions": rows}),
    }


def measure(plan: dict[str, Any]) -> dict[str, float]:
    """Return the CPU time of each part, in milliseconds."""
    return {name: _cost_ms(run) for name, run in parts(plan).items()}


def _cost_ms(run: Callable[[], object]) -> float:
    taken: list[float] = []
    for _ in range(WARM_UP + TURNS):
        started = time.thread_time()
        run()
        taken.append(time.thread_time() - started)
        handler.metrics.clear_metrics()
        handler.predictor().log._recorded.clear()  # sending it is not a part of the answer
    return float(np.quantile(taken[WARM_UP:], 0.1)) * 1000
