"""Which files made a table, which table a model, which model a prediction: from what is kept anyway."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from bikecast.errors import InputError
from bikecast.examples.keys import entries_prefix
from bikecast.names import DEFAULT_USE_CASE, Output, Prefix, Schema, Target, use_case_prefix
from console.cloud.database import owner_login
from console.cloud.outputs import read_stack_outputs
from console.cloud.session import Cloud
from console.cloud.stores import data_store
from console.settings import use_case
from console.training.decisions import read_decisions
from console.training.openlineage import Places
from use_cases.citibike.keys import RAW_WEATHER_PREFIX

ALL_RECORDS = 100_000
HASH_DIGITS = 32  # of the data's hash in a training set's key
ENTRY = ".json"
FACTS = ("requested_at", "model_version", "source", "prediction", "predicted_for")
PREDICTION = (
    f"select {', '.join(FACTS)} from monitoring.predictions"  # noqa: S608 - names of this module
    " where use_case = %s and (id = %s or request_id = %s) order by id limit 1"
)


def lineage(cloud: Cloud, name: str) -> dict[str, Any]:
    """Return the chain behind a model version or a prediction; ``unknown`` says what cannot be told.

    Raises:
        InputError: Neither a version nor a prediction has this name.
    """
    unknown: list[str] = []
    prediction = None if name.isdecimal() else _prediction(cloud, name)
    version = name if prediction is None else str(prediction["model_version"])
    record = _decision(cloud, version)
    if record is None and prediction is None:
        raise InputError(f"no decision names version {version!r}: `bikecast decisions` lists them")
    if record is None:
        unknown.append(f"version {version}: no decision names it, a baseline has none")
    model = None if record is None else _model(version, record)
    table = None if record is None else _training_set(cloud, record, unknown)
    files = [] if record is None else _files(cloud, record, unknown)
    return {"prediction": prediction, "model": model, "table": table, "files": files, "unknown": unknown}


def places(cloud: Cloud) -> Places:
    """Return where the facts of the chosen use case are."""
    outputs = read_stack_outputs(cloud.cloudformation)
    host, port = outputs.require(Output.DATABASE_HOST), outputs.require(Output.DATABASE_PORT)
    database = outputs.require(Output.DATABASE_NAME)
    return Places(
        use_case=use_case(),
        bucket=f"s3://{data_store(cloud).bucket}",
        database=f"postgres://{host}:{port}",
        predictions=f"{database}.{Schema.MONITORING}.predictions",
    )


def _prediction(cloud: Cloud, name: str) -> dict[str, Any]:
    if cloud.target is Target.AWS:
        raise InputError(f"{name!r}: on AWS the console cannot reach the prediction log; name a version")
    from bikecast.database import connect

    login = owner_login(cloud, read_stack_outputs(cloud.cloudformation))
    with connect(login, application="bikecast-lineage") as connection:
        found = connection.execute(PREDICTION.encode(), (use_case(), name, name)).fetchone()
    if found is None:
        raise InputError(f"no prediction or request {name!r} is in the prediction log")
    return {"id": name, **dict(zip(FACTS, found, strict=True))}


def _decision(cloud: Cloud, version: str) -> dict[str, Any] | None:
    """Return the newest record that judged a version: a deleted registry counts versions anew."""
    judged = (
        record
        for record in read_decisions(cloud, limit=ALL_RECORDS)
        if (record.get("challenger") or {}).get("version") == version and record.get("data_hash")
    )
    return next(judged, None)


def _model(version: str, record: dict[str, Any]) -> dict[str, Any]:
    told = ("execution", "created_at", "decision", "code_version", "model_name")
    run = (record.get("challenger") or {}).get("run_id")
    return {"version": version, "run_id": run, **{name: record.get(name) for name in told}}


def _training_set(cloud: Cloud, record: dict[str, Any], unknown: list[str]) -> dict[str, Any]:
    digest = str(record["data_hash"])
    key = f"{Prefix.TRAINING_SETS}{use_case_prefix(use_case())}{digest[:HASH_DIGITS]}.parquet"
    there = next(data_store(cloud).keys(key), None) == key
    if not there:
        unknown.append(f"the frozen training set {key} is gone; its hash remains")
    return {"training_set": key, "data_hash": digest, "window": record.get("training_window"), "kept": there}


def _files(cloud: Cloud, record: dict[str, Any], unknown: list[str]) -> list[dict[str, Any]]:
    judged_at = dt.datetime.fromisoformat(str(record["created_at"]))
    found = sorted(_sources(cloud), key=lambda each: str(each["file"]))
    later = [str(each["file"]) for each in found if each["loaded_at"] > judged_at]
    if later:
        unknown.append(f"loaded after the model was judged, what they held before is not kept: {later}")
    if not found:
        unknown.append("no file is on record: the table was made elsewhere, or its records are gone")
    return found


def _sources(cloud: Cloud) -> Iterator[dict[str, Any]]:
    store, chosen = data_store(cloud), use_case()
    hourly = chosen == DEFAULT_USE_CASE
    pages = cloud.s3.get_paginator("list_objects_v2")
    prefix = f"{Prefix.TRIPS}_sources/" if hourly else entries_prefix(chosen)
    for page in pages.paginate(Bucket=store.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if item["Key"].endswith(ENTRY):
                entry = json.loads(store.read(item["Key"]).body)
                print_of = entry.get("fingerprint")
                yield {"file": entry["source"], "loaded_at": item["LastModified"], "fingerprint": print_of}
    for page in pages.paginate(Bucket=store.bucket, Prefix=RAW_WEATHER_PREFIX) if hourly else ():
        for item in page.get("Contents", []):
            yield {"file": item["Key"], "loaded_at": item["LastModified"], "fingerprint": item["ETag"]}
