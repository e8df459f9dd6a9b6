"""From a prediction back to its model, training set and files; what is not known is said."""

import datetime as dt
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent
from openlineage.client.generated.base import EventType
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.serde import Serde

from bikecast.database import DatabaseSettings, connect
from bikecast.errors import InputError
from bikecast.names import Output, Target
from console.cloud.session import Cloud
from console.training.lineage import lineage
from console.training.openlineage import Places, events
from tests.aws.console.test_outputs import deploy_stack
from training_job.migrations import migrate

HASH = "ab" * 32
TRAINING_SET = f"datasets/training/{HASH[:32]}.parquet"
RECORD: dict[str, Any] = {
    "execution": "train-1",
    "created_at": "2099-01-01T00:00:00+00:00",
    "decision": "promoted",
    "code_version": "c0de",
    "model_name": "m",
    "data_hash": HASH,
    "challenger": {"version": "3", "run_id": "run-3"},
}


def put(cloud: Cloud, bucket: str, key: str, content: object) -> None:
    cloud.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(content).encode())


@pytest.fixture
def trained(cloud: Cloud) -> Cloud:
    """Version 3 was trained on one file of trips and one of weather."""
    for bucket in ("data", "reports"):
        cloud.s3.create_bucket(Bucket=bucket)
    deploy_stack(cloud, "bikecast-storage", {Output.DATA_BUCKET: "data", Output.REPORTS_BUCKET: "reports"})
    put(cloud, "reports", "decisions/train-1.json", RECORD)
    put(cloud, "data", TRAINING_SET, {})
    put(cloud, "data", "datasets/trips/_sources/a.json", {"source": "raw/a.zip", "fingerprint": "f"})
    put(cloud, "data", "raw/weather/w.csv", {})
    return cloud


def test_a_version_leads_to_its_training_set_and_files(trained: Cloud) -> None:
    found = lineage(trained, "3")
    assert (found["model"]["execution"], found["model"]["run_id"]) == ("train-1", "run-3")
    assert found["table"]["training_set"] == TRAINING_SET
    assert [each["file"] for each in found["files"]] == ["raw/a.zip", "raw/weather/w.csv"]
    assert found["unknown"] == []


def test_what_is_gone_or_was_loaded_again_is_said(trained: Cloud) -> None:
    put(trained, "reports", "decisions/train-1.json", RECORD | {"created_at": "2020-01-01T00:00:00+00:00"})
    trained.s3.delete_object(Bucket="data", Key=TRAINING_SET)
    gone, again = lineage(trained, "3")["unknown"]
    assert TRAINING_SET in gone
    assert "raw/a.zip" in again


PLACES = Places("citibike", "s3://data", "postgres://127.0.0.1:5432", "bikecast.monitoring.predictions")


def test_openlineage_takes_the_events_and_they_lead_from_the_files_to_the_prediction(trained: Cloud) -> None:
    found = lineage(trained, "3")
    found["prediction"] = {"id": "p-1", "requested_at": dt.datetime(2099, 1, 2, tzinfo=dt.UTC)}
    told = events(found, PLACES)
    typed = [typed_event(json.loads(json.dumps(event))) for event in told]
    assert [event.job.name for event in typed] == ["citibike.prepare", "citibike.train", "citibike.predict"]
    assert [each.name for each in typed[0].inputs or ()] == ["raw/a.zip", "raw/weather/w.csv"]
    for before, after in itertools.pairwise(told):
        assert before["outputs"] == after["inputs"]
    assert told == events(found, PLACES), "the same run has the same id again"


def typed_event(event: dict[str, Any]) -> RunEvent:
    """Read an event by OpenLineage's own types, which refuse what is not theirs, and compare the facets."""
    assert event.pop("schemaURL") == RunEvent._get_schema()
    made = RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=EventType(event["eventType"]),
        run=Run(**event["run"]),
        job=Job(**event["job"]),
        inputs=[InputDataset(**each | facets_of(each)) for each in event["inputs"]],
        outputs=[OutputDataset(**each | facets_of(each)) for each in event["outputs"]],
    )
    for mine, theirs in zip(event["inputs"] + event["outputs"], datasets_of(made), strict=True):
        assert mine.get("facets", {}) == {
            name: Serde.to_dict(facet) for name, facet in (theirs.facets or {}).items()
        }
    return made


def facets_of(dataset: dict[str, Any]) -> dict[str, Any]:
    return {
        "facets": {
            name: DatasetVersionDatasetFacet(facet["datasetVersion"], producer=facet["_producer"])
            for name, facet in dataset.get("facets", {}).items()
        }
    }


def datasets_of(event: RunEvent) -> list[InputDataset | OutputDataset]:
    return [*(event.inputs or ()), *(event.outputs or ())]


def test_a_version_that_nobody_judged_is_refused(trained: Cloud) -> None:
    with pytest.raises(InputError, match="'4'"):
        lineage(trained, "4")


def test_a_prediction_leads_to_its_version(trained: Cloud, database: DatabaseSettings) -> None:
    migrate(database)
    assert database.password is not None
    password = json.dumps({"password": database.password.get_secret_value()})
    secret = trained.session.client("secretsmanager").create_secret(Name="owner", SecretString=password)
    place = {
        Output.DATABASE_HOST: database.host,
        Output.DATABASE_PORT: str(database.port),
        Output.DATABASE_NAME: database.name,
        Output.DATABASE_USER: database.user,
        Output.DATABASE_SECRET_ARN: secret["ARN"],
    }
    deploy_stack(trained, "bikecast-database", place)
    with connect(database, application="test") as connection:
        connection.execute(
            "insert into predictions"
            " (use_case, id, request_id, requested_at, model_version, source, prediction)"
            " values ('citibike', 'p-1', 'r-1', now(), '3', 'champion', 5)"
        )
    here = replace(trained, target=Target.EMBEDDED)
    for name in ("p-1", "r-1"):
        found = lineage(here, name)
        assert (found["prediction"]["source"], found["model"]["version"]) == ("champion", "3")
    with pytest.raises(InputError, match="prediction log"):
        lineage(here, "p-2")
