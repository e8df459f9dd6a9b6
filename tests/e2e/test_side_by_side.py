"""All use cases side by side on one embedded cloud: what befalls one leaves the others as they were."""

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from bikecast import discovery
from bikecast.names import AUTOMATION_KEY, CHAMPION_KEY, Output, stack_name, use_case_prefix
from bikecast.registry.automation import AutomationSwitch
from tests.deployment import PROJECT, Deployment, deployed, eventually
from tests.e2e.test_api import OPERATIONS_FLAGS, generated_client, hold_to_its_document
from tests.e2e.test_loop import TRIP

pytestmark = [pytest.mark.e2e, pytest.mark.on_demand]

CITIBIKE, OBESITY, TAXI, DURATION = NAMES = ("citibike", "obesity", "green_taxi", "ride_duration")
BODIES = {OBESITY: "People", TAXI: "GreenTaxiRows", DURATION: "Rides"}  # in the APIs' documents
CAPTURED = "select count(*) from monitoring.predictions where use_case = %s"
POISON = 300  # messages in the queue that nobody can read
PAUSED_BECAUSE = "a test stopped it"


class Member:
    """One use case of the cloud."""

    def __init__(self, cloud: Deployment, name: str) -> None:
        self.cloud, self.name = cloud, name

    def bikecast(self, *args: str, expect: int = 0) -> Any:
        """Run the console for this use case."""
        return self.cloud.bikecast("--use-case", self.name, *args, expect=expect)

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """``bikecast outputs`` of this use case."""
        return dict(self.bikecast("outputs"))

    def predict(self) -> dict[str, Any]:
        """Ask for the prediction of one example, and return it."""
        path, row = "predict_trip", TRIP
        if self.name != CITIBIKE:
            path, row = "predict", dict(discovery.load(self.name).api.examples[0])
        answer = self.post(path, {"input_data": [row]})
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["predictions"][0])

    def post(self, path: str, body: Any, *, key: str = "api_key") -> httpx.Response:
        """Send a body to this use case's API."""
        headers = {"x-api-key": self.outputs[key]}
        return httpx.post(f"{self.outputs['api_url']}/{path}", json=body, headers=headers, timeout=60)

    def captured(self) -> int:
        """Return how many predictions are logged."""
        return int(self.cloud.sql(CAPTURED, self.name)[0][0])

    def has_captured(self, count: int) -> bool:
        """Tell whether so many predictions are logged."""
        return self.captured() == count

    def glance(self) -> dict[str, Any]:
        """Return this use case's line of ``bikecast use-cases``."""
        rows = {row["name"]: row for row in self.cloud.bikecast("use-cases")}
        return dict(rows[self.name])

    @cached_property
    def queue_url(self) -> str:
        """Where predictions wait to be logged."""
        stacks = self.cloud.client("cloudformation").describe_stacks(
            StackName=stack_name("serving", self.name)
        )
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stacks["Stacks"][0]["Outputs"]}
        return str(outputs[Output.CAPTURE_QUEUE_URL])


Members = dict[str, Member]
STOPPED = DURATION


@pytest.fixture(scope="module")
def members() -> Iterator[Members]:
    """Four use cases, deployed and loaded."""
    with deployed(logs="side-by-side-logs") as cloud:
        _deploy_all(cloud)
        members = {name: Member(cloud, name) for name in NAMES}
        for member in members.values():
            member.bikecast("load", "--simulate")
        yield members


@pytest.fixture(scope="module")
def trained(members: Members) -> dict[str, dict[str, Any]]:
    """What came of training all four at once, while the automation of one was stopped; then it goes on."""
    stopped = members[STOPPED]
    switch = AutomationSwitch(paused=True, reason=PAUSED_BECAUSE, since=dt.datetime.now(dt.UTC))
    s3, bucket = stopped.cloud.client("s3"), stopped.outputs["buckets"]["model-serving"]
    key = use_case_prefix(STOPPED) + AUTOMATION_KEY
    s3.put_object(Bucket=bucket, Key=key, Body=switch.model_dump_json().encode())
    results = _train(*members.values())
    at_a_glance = {name: member.glance() for name, member in members.items()}
    assert stopped.bikecast("resume", "--reason", "the test is over")["resumed"]
    again = _train(stopped)
    return {name: {"first": results[name], "glance": at_a_glance[name]} for name in members} | {
        "again": again[STOPPED]
    }


def _deploy_all(cloud: Deployment) -> None:
    """Deploy as a person with the CDK's own command line does."""
    variables = cloud.bikecast("env")
    command = ["cdklocal", "deploy", "--all", "--require-approval", "never"]
    command += ["-c", "target=embedded", "-c", f"use_cases={','.join(NAMES)}"]
    done = subprocess.run(
        command, cwd=PROJECT, env=cloud.env | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]


def _train(*members: Member) -> dict[str, dict[str, Any]]:
    """Train side by side: none waits for another's end."""
    arns = [member.bikecast("train", "--trials", "2", "--no-wait")["execution"] for member in members]
    with ThreadPoolExecutor(len(members)) as beside:
        ended = list(beside.map(lambda arn: members[0].cloud.finished(arn, timeout_s=900), arns))
    assert [run["status"] for run in ended] == ["SUCCEEDED"] * len(members), ended
    return {member.name: json.loads(run["output"]) for member, run in zip(members, ended, strict=True)}


def _others(members: Members, name: str) -> list[Member]:
    return [member for member in members.values() if member.name != name]


def test_a_stopped_automation_of_one_lets_the_others_promote(
    members: Members, trained: dict[str, dict[str, Any]]
) -> None:
    for member in _others(members, STOPPED):
        assert trained[member.name]["first"]["promote"]["decision"] == "promoted"
        glance = trained[member.name]["glance"]
        assert (glance["deployed"], glance["champion"], glance["paused"]) == (True, "1", False)
    held, glance = trained[STOPPED]["first"]["promote"], trained[STOPPED]["glance"]
    assert held["decision"] == "rejected"
    assert PAUSED_BECAUSE in held["reason"]
    assert (glance["champion"], glance["pause_reason"]) == (None, PAUSED_BECAUSE)
    assert trained["again"]["promote"]["decision"] == "promoted"
    assert not members[STOPPED].glance()["paused"]


@pytest.mark.usefixtures("trained")
def test_each_has_a_champion_an_api_and_keys_of_its_own(members: Members) -> None:
    assert {member.predict()["source"] for member in members.values()} == {"champion"}
    for name in ("api_url", "api_key", "training_key", "monitor_state_machine"):
        assert len({member.outputs[name] for member in members.values()}) == len(members)
    assert len({member.outputs["retrain_state_machine"] for member in members.values()}) == 1
    foreign = {"x-api-key": members[OBESITY].outputs["api_key"]}
    url = f"{members[DURATION].outputs['api_url']}/version"
    assert httpx.get(url, headers=foreign, timeout=60).status_code == 403


@pytest.mark.usefixtures("trained")
def test_bodies_of_the_projects_that_the_data_come_from_are_answered_beside_ours(members: Members) -> None:
    person, ride = (dict(discovery.load(name).api.examples[0]) for name in (OBESITY, DURATION))
    one = members[OBESITY].post("predict", person).json()
    [same] = members[OBESITY].post("predict", {"input_data": [person]}).json()["predictions"]
    assert (one["prediction"], one["probabilities"]) == (same["prediction"], same["probabilities"])
    minutes = (
        members[DURATION].post("predict", {"data": [ride], "prediction_time": ride["started_at"]}).json()
    )
    [interval] = members[DURATION].post("predict", {"input_data": [ride]}).json()["predictions"]
    assert minutes == {"value": interval["prediction"]}
    assert interval["low"] <= interval["prediction"] <= interval["high"]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", [OBESITY, TAXI, DURATION])
def test_each_api_is_what_its_document_says(
    name: str, members: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs, package = members[name].outputs, f"{name}_client"
    hold_to_its_document(outputs, "openapi.json", [])
    hold_to_its_document(outputs, "monitoring/openapi.json", OPERATIONS_FLAGS)
    monkeypatch.syspath_prepend(tmp_path)
    client = generated_client(outputs, tmp_path / package)
    body = getattr(import_module(f"{package}.models"), BODIES[name])
    rows = body.from_dict({"input_data": list(discovery.load(name).api.examples)})
    [answer] = import_module(f"{package}.api.predictions.predict").sync(client=client, body=rows).predictions
    assert answer.source == "champion"


def test_a_training_on_days_of_demand_is_refused_by_those_that_have_none(members: Members) -> None:
    refused = members[OBESITY].post("training", {"start_train_date": "2024-01-01"}, key="training_key")
    assert (refused.status_code, refused.json()["detail"][0]["path"]) == (422, "start_train_date")


@pytest.mark.usefixtures("trained")
def test_the_dashboard_of_each_shows_all(members: Members) -> None:
    for member in members.values():
        url, headers = member.outputs["api_url"], {"x-api-key": member.outputs["api_key"]}
        shown = httpx.get(f"{url}/monitoring/use-cases", headers=headers, timeout=60).json()["use_cases"]
        assert {row["use_case"]: row["champion"] for row in shown} == {
            name: each.glance()["champion"] for name, each in members.items()
        }


@pytest.mark.usefixtures("trained")
def test_a_damaged_champion_of_one_leaves_the_others_champions(members: Members) -> None:
    damaged = members[OBESITY]
    s3, bucket = damaged.cloud.client("s3"), damaged.outputs["buckets"]["model-serving"]
    place = {"Bucket": bucket, "Key": use_case_prefix(OBESITY) + CHAMPION_KEY}
    before = s3.get_object(**place)["Body"].read()
    s3.put_object(**place, Body=b"{ this is not a manifest")
    try:
        assert damaged.glance()["problem"]
        damaged.predict()  # whoever answers, somebody does
        for member in _others(members, OBESITY):
            assert member.predict()["source"] == "champion"
            assert (member.glance()["problem"], member.bikecast("champion")["use_case"]) == (
                None,
                member.name,
            )
        damaged.bikecast("champion", expect=1)
    finally:
        s3.put_object(**place, Body=before)
    eventually(lambda: damaged.predict()["source"] == "champion")
    assert damaged.glance()["problem"] is None


@contextmanager
def _nobody_captures(member: Member) -> Iterator[None]:
    """Let a use case's queue fill: nothing is taken from it."""
    functions, queue = member.cloud.client("lambda"), member.queue_url.rsplit("/", 1)[-1]
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    [source] = [found["UUID"] for found in sources if found["EventSourceArn"].rsplit(":", 1)[-1] == queue]
    functions.update_event_source_mapping(UUID=source, Enabled=False)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=source, Enabled=True)


@pytest.mark.usefixtures("trained")
def test_a_full_queue_of_one_leaves_the_others_logs(members: Members) -> None:
    stuck, before = members[DURATION], {member.name: member.captured() for member in members.values()}
    sqs = stuck.cloud.client("sqs")
    with _nobody_captures(stuck):
        for batch in range(POISON // 10):
            entries = [{"Id": str(n), "MessageBody": f"poison {batch} {n}"} for n in range(10)]
            sqs.send_message_batch(QueueUrl=stuck.queue_url, Entries=entries)
        assert stuck.predict()["source"] == "champion"
        for member in _others(members, DURATION):
            member.predict()
            eventually(partial(member.has_captured, before[member.name] + 1))
        assert stuck.captured() == before[stuck.name]
    eventually(partial(stuck.has_captured, before[stuck.name] + 1), timeout_s=180)
