"""The loop closes on the deployed stacks: shift, incident, retraining, gate; pause, and a person who resumes.

Runs after the other files, as its name sorts: it leaves another demand behind, and perhaps another champion.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deployment import Deployment, eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("e2e"),
    pytest.mark.timeout(600),
]

# The champion knows demand to the end of March: it falls by a fifth in April, and by most of it in May.
DEGRADED, SEVERE = "demand_level:2025-04-07:-0.4", "demand_level:2025-05-05:-1.2"
APRIL_WEEKS, MAY_WEEKS = ("2025-04-07", "2025-04-20"), ("2025-05-05", "2025-05-18")


def load_month(cloud: Deployment, folder: Path, *, first: str, last: str, shift: str) -> None:
    cloud.bikecast("simulate", str(folder), "--from", first, "--to", last, "--shift", shift)
    cloud.bikecast("load", str(folder), "--months", first[:7])


def watch(cloud: Deployment, weeks: tuple[str, str]) -> list[dict[str, Any]]:
    first, last = weeks
    verdicts = cloud.bikecast("drift", "--from", first, "--to", last, "--retrain-trials", "2")
    return list(verdicts)


def retrainings(cloud: Deployment) -> list[dict[str, Any]]:
    """Executions that the monitor started, the newest first; people's have a name that says so."""
    states = cloud.client("stepfunctions")
    found = states.list_executions(stateMachineArn=cloud.outputs["retrain_state_machine"])["executions"]
    inputs = ((run, states.describe_execution(executionArn=run["executionArn"])["input"]) for run in found)
    return [
        run
        for run, text in inputs
        if not run["name"].startswith("train-")
        and json.loads(text) == {"use_case": "citibike", "n_trials": 2}
    ]


def incidents(cloud: Deployment) -> dict[str, tuple[str, str | None]]:
    """Status and reason of closing of each version's incidents about its errors."""
    query = "select model_version, status, closed_reason from monitoring.incidents where kind = 'performance'"
    return {version: (status, why) for version, status, why in cloud.sql(query)}


def automation(cloud: Deployment, path: str, *, paused: bool) -> dict[str, Any]:
    """The automation's switch as the predictor shows it, as soon as it stands as it should."""
    url, headers = f"{cloud.outputs['api_url']}/{path}", {"x-api-key": cloud.outputs["api_key"]}

    def shown() -> dict[str, Any] | None:
        switch = httpx.get(url, headers=headers, timeout=40).raise_for_status().json()["automation"]
        return dict(switch) if switch["paused"] is paused else None

    return dict(eventually(shown, timeout_s=90))


@contextmanager
def inbox(cloud: Deployment) -> Iterator[Any]:
    """A subscriber of the notifications; yields a function that returns everything it has received."""
    sqs, sns = cloud.client("sqs"), cloud.client("sns")
    topic = next(
        found["TopicArn"] for found in sns.list_topics()["Topics"] if "training" in found["TopicArn"]
    )
    queue = sqs.create_queue(QueueName="e2e-notifications")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    received: list[str] = []

    def read() -> str:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600)
        received.extend(message["Body"] for message in answer.get("Messages", []))
        return "\n".join(received)

    try:
        yield read
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=queue)


def test_a_shift_opens_an_incident_and_one_retraining_that_the_gate_decides(
    cloud: Deployment, tmp_path: Path
) -> None:
    before = cloud.champion()["version"]
    load_month(cloud, tmp_path, first="2025-04-01", last="2025-04-30", shift=DEGRADED)
    earlier = {run["executionArn"] for run in retrainings(cloud)}
    with inbox(cloud) as received:
        first, second = watch(cloud, APRIL_WEEKS)
        assert (first["verdict"], second["verdict"]) == ("watch", "degraded"), (first, second)
        assert incidents(cloud)[before] == ("open", None)
        [run] = [run for run in retrainings(cloud) if run["executionArn"] not in earlier]
        watch(cloud, ("2025-04-14", "2025-04-20"))
        assert len(retrainings(cloud)) == len(earlier) + 1
        eventually(lambda: "PerformanceDegraded" in received() and second["report_key"] in received())
    ended = cloud.finished(run["executionArn"])
    decided = json.loads(ended["output"])["promote"]["decision"]
    last = cloud.bikecast("decisions")[0]
    assert last["decision"] == decided, last
    watch(cloud, ("2025-04-14", "2025-04-20"))
    after = cloud.champion()["version"]
    if decided == "promoted":
        assert after != before
        assert incidents(cloud)[before] == ("closed", f"version {after} serves now")
    else:
        assert after == before
        assert incidents(cloud)[before] == ("open", None)


def test_a_severe_shift_pauses_until_a_person_resumes_and_both_are_told(
    cloud: Deployment, tmp_path: Path
) -> None:
    version = cloud.champion()["version"]
    load_month(cloud, tmp_path, first="2025-05-01", last="2025-05-31", shift=SEVERE)
    with inbox(cloud) as received:
        assert watch(cloud, MAY_WEEKS)[-1]["verdict"] == "severe"
        for path in ("health", "model"):
            assert "lower than predicted" in automation(cloud, path, paused=True)["reason"]
        reason = "the city closed half of its stations for good"
        assert cloud.bikecast("resume", "--reason", reason)["resumed"]
        eventually(lambda: "AutomationPaused" in received() and f"AutomationResumed: {reason}" in received())
    assert automation(cloud, "health", paused=False)["reason"] == reason
    status, why = incidents(cloud)[version]
    assert status == "closed"
    assert why is not None
    assert why.endswith(reason)
    query = "select action from monitoring.automation_events where action <> 'retraining_asked'"
    assert [action for (action,) in cloud.sql(f"{query} order by happened_at")] == ["paused", "resumed"]
