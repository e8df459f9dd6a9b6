"""What lineage tells, as events of OpenLineage: files to table, table to model, model to prediction.

One event for each run that completed. When it began is not kept, so there is no event of its start.
Source: https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from bikecast import __version__

PRODUCER = f"urn:bikecast:{__version__}"
SCHEMAS = "https://openlineage.io/spec"
RUN_EVENT = f"{SCHEMAS}/2-0-2/OpenLineage.json#/$defs/RunEvent"
VERSION_FACET = f"{SCHEMAS}/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet"
# Run ids are UUIDs by the specification; ours are made from names, so the same run has the same id again.
NAMES = uuid.UUID("9f2c1d52-3b0e-4a7c-8f34-5d0f6a1f7a10")


@dataclass(frozen=True)
class Places:
    """Where the facts are, as OpenLineage names places.

    Attributes:
        use_case: Whose jobs they are.
        bucket: ``s3://`` and the data bucket.
        database: ``postgres://`` with host and port.
        predictions: The table of predictions, with its database and schema.
    """

    use_case: str
    bucket: str
    database: str
    predictions: str


def events(found: dict[str, Any], places: Places) -> list[dict[str, Any]]:
    """Return the events of what ``lineage`` found, the oldest first."""
    model, table, prediction = found["model"], found["table"], found["prediction"]
    told = []
    models = []
    if model is not None and table is not None:
        tables = [_dataset(places.bucket, table["training_set"], version=table["data_hash"])]
        models = [_dataset("bikecast", model["model_name"], version=model["version"])]
        files = [
            _dataset(places.bucket, each["file"], version=each["fingerprint"]) for each in found["files"]
        ]
        run = {"at": model["created_at"], "name": model["execution"], "use_case": places.use_case}
        told += [
            _event("prepare", inputs=files, outputs=tables, **run),
            _event("train", inputs=tables, outputs=models, **run),
        ]
    if prediction is not None:
        run = {"at": prediction["requested_at"], "name": prediction["id"], "use_case": places.use_case}
        rows = [_dataset(places.database, places.predictions)]
        told.append(_event("predict", inputs=models, outputs=rows, **run))
    return told


def _event(
    job: str,
    *,
    at: str | dt.datetime,
    name: str,
    use_case: str,
    inputs: list[dict[str, Any]],
    outputs: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": at if isinstance(at, str) else at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": RUN_EVENT,
        "run": {"runId": str(uuid.uuid5(NAMES, f"{use_case}/{job}/{name}"))},
        "job": {"namespace": "bikecast", "name": f"{use_case}.{job}"},
        "inputs": inputs,
        "outputs": outputs,
    }


def _dataset(namespace: str, name: str, *, version: object = None) -> dict[str, Any]:
    if version is None:
        return {"namespace": namespace, "name": name}
    facet = {"_producer": PRODUCER, "_schemaURL": VERSION_FACET, "datasetVersion": str(version)}
    return {"namespace": namespace, "name": name, "facets": {"version": facet}}
