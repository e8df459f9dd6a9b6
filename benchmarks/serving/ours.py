"""Our handler in a fresh process: how long it takes to be ready, then how long a call takes.

Run by ``benchmarks.serving``; prints JSON. The clock starts with the process.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any


class Context:
    """What the Lambda runtime hands over."""

    function_name = "predict"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:predict"
    aws_request_id = "benchmark"


def event(path: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a REST API's proxy event."""
    headers = {"content-type": "application/json", "host": "localhost"}
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "requestContext": {"requestId": "r", "path": f"/v1{path}", "stage": "v1", "identity": {}},
        "body": json.dumps({"input_data": rows}),
        "isBase64Encoded": False,
    }


def main(plan_file: str) -> None:
    """Measure what the plan asks for; the answers go to the file named in it."""
    plan = json.loads(Path(plan_file).read_text())
    from lambdas.predict import handler

    first = handler.lambda_handler(event("/predict", plan["rows"][:1]), Context())
    ready_s = time.time() - plan["started_at"]
    assert first["statusCode"] == 200, first
    result: dict[str, Any] = {"cold_start_s": ready_s}
    if plan["seconds"]:
        drain = partial(handler.predictor().log.drain, timeout_s=10)  # Lambda keeps us awake for it
        result |= _latencies(handler.lambda_handler, drain, plan)
    if plan["parts"]:
        from benchmarks.serving import parts

        result["parts"] = parts.measure(plan)
    Path(plan["result"]).write_text(json.dumps(result))


def _latencies(call: Callable[..., Any], drain: Callable[[], object], plan: dict[str, Any]) -> dict[str, Any]:
    """Time the handler on one row and on all, and the bare runtime on the same rows."""
    import numpy as np

    from benchmarks.serving.timing import timed
    from use_cases.citibike.features import FEATURE_NAMES
    from use_cases.citibike.model.forecaster import OnnxModel

    rows = plan["rows"]
    matrix = np.asarray([[row[name] for name in FEATURE_NAMES] for row in rows], dtype=np.float32)
    bare = OnnxModel(Path(plan["graph"]).read_bytes())
    trip = [{"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}]
    bodies = {
        "features": event("/predict", rows[:1]),
        "features_100": event("/predict", rows),
        "trip": event("/predict_trip", trip),
        "trip_100": event("/predict_trip", trip * len(rows)),
    }
    seconds = plan["seconds"]
    timings = {
        name: timed(partial(call, body, Context()), seconds=seconds, after=drain)
        for name, body in bodies.items()
    }
    timings["floor"] = timed(lambda: bare.predict(matrix[:1]), seconds=seconds)
    timings["floor_100"] = timed(lambda: bare.predict(matrix), seconds=seconds)
    return {name: timing.as_dict() for name, timing in timings.items()}


if __name__ == "__main__":
    main(sys.argv[1])
