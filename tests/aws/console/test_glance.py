"""All use cases of a cloud at a glance: what is deployed, what serves, what was found, what is stopped."""

import json

import pytest

from bikecast.names import AUTOMATION_KEY, CHAMPION_KEY, DASHBOARD_SUMMARY_KEY, Output
from bikecast.registry.automation import AutomationSwitch
from bikecast.storage import S3Store, ScopedStore
from console.cloud.glance import glances, line
from console.cloud.session import Cloud
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.serving.world import promote, published

NAMES = ("citibike", "green_taxi", "obesity")
SUMMARY = {
    "windows": [
        {"verdict": "no_data", "window_end": "2025-02-10T00:00:00"},
        {"verdict": "degraded", "window_end": "2025-02-03T00:00:00"},
    ],
    "incidents": [{"status": "open"}, {"status": "closed"}, {"status": "open"}],
    "automation": {"paused": False, "reason": None},
}


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    for name in ("serving", "reports"):
        cloud.s3.create_bucket(Bucket=name)
    outputs = {Output.SERVING_BUCKET: "serving", Output.REPORTS_BUCKET: "reports"}
    deploy_stack(cloud, "bikecast-storage", outputs)
    deploy_stack(cloud, "bikecast-serving", {})
    deploy_stack(cloud, "bikecast-serving-green-taxi", {})
    return cloud


def test_each_is_told_with_its_own_champion_verdict_and_incidents(deployed: Cloud) -> None:
    promote(
        ScopedStore(S3Store(deployed.s3, "serving"), "obesity/"), published(_models(deployed), "7", scale=1)
    )
    _models(deployed, "reports").write(f"obesity/{DASHBOARD_SUMMARY_KEY}", json.dumps(SUMMARY).encode())
    found = glances(deployed, NAMES)
    assert [found[name]["deployed"] for name in NAMES] == [True, True, False]
    obesity = found["obesity"]
    assert (obesity["champion"], obesity["metric"], obesity["value"]) == ("7", "rmse", 1)
    assert (obesity["verdict"], obesity["watched_until"]) == ("degraded", "2025-02-03T00:00:00")
    assert obesity["open_incidents"] == 2
    assert {found[name]["champion"] for name in ("citibike", "green_taxi")} == {None}


def test_what_is_damaged_or_stopped_is_told_of_its_own_use_case_only(deployed: Cloud) -> None:
    serving = _models(deployed)
    promote(serving, published(serving, "1", scale=1.0))
    serving.write(f"obesity/{CHAMPION_KEY}", b"{")
    switch = AutomationSwitch(paused=True, reason="fares moved")
    serving.write(f"green_taxi/{AUTOMATION_KEY}", switch.model_dump_json().encode())
    lines = {
        name: line({"name": name, "title": name, **found}) for name, found in glances(deployed, NAMES).items()
    }
    assert [lines[name]["champion"] for name in NAMES] == ["1", None, "UNREADABLE"]
    assert [lines[name]["promotion"] for name in NAMES] == ["runs", "PAUSED: fares moved", "runs"]


def test_before_anything_is_deployed_there_is_nothing(cloud: Cloud) -> None:
    found = glances(cloud, NAMES)
    assert {(each["deployed"], each["champion"], each["paused"]) for each in found.values()} == {
        (False, None, False)
    }


def _models(cloud: Cloud, bucket: str = "serving") -> S3Store:
    return S3Store(cloud.s3, bucket)
