"""Our API on an embedded cloud that is deployed for it, with the same model as everybody else."""

from collections.abc import Iterator
from typing import Any

import httpx

from benchmarks.serving.champion import Model
from benchmarks.serving.timing import Timing, timed
from bikecast.names import Bucket
from bikecast.storage import FolderStore, S3Store
from tests.deployment import Deployment, deployed

TRIP = {"date": "2025-02-12 08:00:00", "TMAX": 41.0, "TMIN": 30.0, "SNOW": 0.0}


def measure(model: Model, *, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each way to ask."""
    with deployed(logs="benchmark-logs") as cloud:
        _publish(model, cloud)
        headers = {"x-api-key": cloud.outputs["api_key"]}
        with httpx.Client(base_url=cloud.outputs["api_url"], headers=headers, timeout=60) as client:
            for path, rows in (("/predict", model.rows), ("/predict_trip", [TRIP] * len(model.rows))):
                one, hundred = (_timed(client, path, some, seconds=seconds) for some in (rows[:1], rows))
                yield {
                    "what": f"our API, embedded, {path}",
                    "one": one.as_dict(),
                    "hundred": hundred.as_dict(),
                }


def _publish(model: Model, cloud: Deployment) -> None:
    source = FolderStore(model.bucket)
    target = S3Store(cloud.client("s3"), cloud.outputs["buckets"][Bucket.SERVING])
    for key in sorted(source.keys(""), reverse=True):  # the manifest, `champion.json`, comes last
        target.write(key, source.read(key).body)


def _timed(client: httpx.Client, path: str, rows: list[Any], *, seconds: float) -> Timing:
    return timed(lambda: client.post(path, json={"input_data": rows}).raise_for_status(), seconds=seconds)
