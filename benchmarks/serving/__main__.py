"""``python -m benchmarks.serving [--seconds 3] [--rivals] [--api]``: latency and cold start, ours and theirs.

``--rivals`` installs and starts BentoML and ``mlflow models serve``; ``--api`` asks the embedded
cloud that runs in this clone, through its API Gateway.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.serving import rivals
from benchmarks.serving.champion import VERSION, Model, make_model
from benchmarks.serving.timing import timed

ROOT = Path(__file__).resolve().parents[2]
COLD_STARTS = 5
Row = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each latency (default: 3)")
    parser.add_argument("--rivals", action="store_true", help="measure BentoML and mlflow models serve too")
    parser.add_argument("--api", action="store_true", help="measure the embedded cloud's API too")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bikecast-benchmark-") as folder:
        rows = measure(Path(folder), options)
    print(json.dumps(rows, indent=2) if options.json else table(rows))


def measure(folder: Path, options: argparse.Namespace) -> list[Row]:
    """Return a row for each way to ask."""
    model = make_model(folder)
    rows = list(_ours(model, folder, seconds=options.seconds))
    if options.rivals:
        for make in (rivals.bentoml, rivals.mlflow):
            rival = make(model.booster, folder / make.__name__)
            rows.append(_rival(rival, model, seconds=options.seconds))
    if options.api:
        rows += _api(seconds=options.seconds)
    return rows


def _rival(rival: rivals.Rival, model: Model, *, seconds: float) -> Row:
    try:
        found = rivals.measure(rival, model.rows, seconds=seconds)
    except TimeoutError as err:
        return {"what": f"{rival.name}: {err}"}
    return {"what": f"{rival.name}, over HTTP", **found}


def _ours(model: Model, folder: Path, *, seconds: float) -> Iterator[Row]:
    with _stand_in(model) as endpoint:
        warm = _child(model, folder, endpoint, seconds=seconds)
        colds = [_child(model, folder, endpoint, seconds=0)["cold_start_s"] for _ in range(COLD_STARTS)]
    cold = sorted(colds)[COLD_STARTS // 2]
    yield {"what": "floor: the runtime's predict call", "one": warm["floor"], "hundred": warm["floor_100"]}
    yield {
        "what": "our handler, /predict",
        "cold_start_s": cold,
        "one": warm["features"],
        "hundred": warm["features_100"],
    }
    yield {"what": "our handler, /predict_trip", "one": warm["trip"], "hundred": warm["trip_100"]}


@contextmanager
def _stand_in(model: Model) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.serving.stand_in", str(model.bucket)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def _child(model: Model, folder: Path, endpoint: str, *, seconds: float) -> dict[str, Any]:
    plan_file, result = folder / "plan.json", folder / "result.json"
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_S3_FORCE_PATH_STYLE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "SERVING_BUCKET": "bucket",
        "CAPTURE_QUEUE_URL": f"{endpoint}/000000000000/capture",
        "CODE_VERSION": "benchmark",
    }
    plan = {
        "environment": environment,
        "graph": str(model.bucket / f"models/{VERSION}/model.onnx"),
        "result": str(result),
        "rows": model.rows,
        "seconds": seconds,
        "started_at": time.time(),
    }
    plan_file.write_text(json.dumps(plan))
    command = [sys.executable, "-m", "benchmarks.serving.ours", str(plan_file)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=os.environ | environment)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def _api(*, seconds: float) -> Iterator[Row]:
    console = Path(sys.executable).with_name("bikecast")
    done = subprocess.run(
        [str(console), "outputs", "--json"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    outputs = json.loads(done.stdout)
    trip = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}
    headers = {"x-api-key": outputs["api_key"]}
    with httpx.Client(headers=headers, timeout=30) as client:

        def ask(count: int) -> None:
            body = {"input_data": [trip] * count}
            client.post(f"{outputs['api_url']}/predict_trip", json=body).raise_for_status()

        one, hundred = timed(lambda: ask(1), seconds=seconds), timed(lambda: ask(100), seconds=seconds)
    yield {
        "what": "our API on the embedded cloud, /predict_trip",
        "one": one.as_dict(),
        "hundred": hundred.as_dict(),
    }


def table(rows: list[Row]) -> str:
    """Return the rows as text."""
    latency = f"{'p50 ms':>10}{'p99 ms':>9}{'req/s':>8}"
    head = f"{'':46}{'one row':>27}{'100 rows':>27}\n{'':46}{latency}{latency}{'cold s':>8}"
    return "\n".join([head, *map(_line, rows)])


def _line(row: Row) -> str:
    if "one" not in row:
        return str(row["what"])
    one, hundred, cold = row["one"], row["hundred"], row.get("cold_start_s")
    cells = "".join(f"{t['p50_ms']:10.3f}{t['p99_ms']:9.2f}{t['per_s']:8.0f}" for t in (one, hundred))
    return f"{row['what']:46}{cells}" + ("" if cold is None else f"{cold:8.2f}")


if __name__ == "__main__":
    main()
