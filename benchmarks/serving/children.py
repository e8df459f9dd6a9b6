"""Our handler in a process of its own, with what its function has on Lambda: bundle, runtime and no more."""

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.serving.champion import Model
from bikecast.names import DEFAULT_USE_CASE
from infra_cdk.settings import EMBEDDED
from local_cloud import emulator
from local_cloud.settings import LocalCloudSettings

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def stand_in(model: Model) -> Iterator[str]:
    """Run the stand-in for S3 and SQS and yield its address."""
    command = [sys.executable, "-m", "benchmarks.serving.stand_in", str(model.bucket)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def handler(
    model: Model, folder: Path, endpoint: str, *, seconds: float, parts: bool = False
) -> dict[str, Any]:
    """Start the handler, measure it for ``seconds`` a latency or part by part, and return what it found."""
    python, packages = _runtime(folder)
    plan_file, result = folder / "plan.json", folder / "result.json"
    environment = _environment(endpoint) | {
        "PYTHONPATH": os.pathsep.join(map(str, packages)),
        "LAST_COPY_DIR": str(folder / "copy"),
    }
    plan = {
        "graph": str(model.graph),
        "bucket": str(model.bucket),
        "parts": parts,
        "result": str(result),
        "rows": model.rows,
        "seconds": seconds,
        "started_at": time.time(),
    }
    plan_file.write_text(json.dumps(plan))
    command = [str(python), "-m", "benchmarks.serving.ours", str(plan_file)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=environment)
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def _runtime(folder: Path) -> tuple[Path, list[Path]]:
    """Return the interpreter of functions and where it finds packages: those that are deployed."""
    settings = LocalCloudSettings()
    emulator.install(settings)
    bundle = folder / "bundle"
    if not bundle.exists():
        with zipfile.ZipFile(EMBEDDED.bundles / "predict.zip") as zipped:
            zipped.extractall(bundle)
    return emulator.function_python(settings), [bundle / "python", ROOT / "layers/bikecast/python", ROOT]


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_S3_FORCE_PATH_STYLE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "predict",
        "SERVING_BUCKET": "bucket",
        "CAPTURE_QUEUE_URL": f"{endpoint}/000000000000/capture",
        "CODE_VERSION": "benchmark",
        "USE_CASE": DEFAULT_USE_CASE,
        "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
    }
