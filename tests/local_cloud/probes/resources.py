"""Databases, tasks, alarms and the state that all of them are."""

import contextlib
import threading
from collections.abc import Iterator
from itertools import count

from botocore.exceptions import BotoCoreError

from tests.local_cloud.aws import REGION, deploy, queue, role, unique
from tests.local_cloud.conftest import Cloud, eventually, prepare
from tests.local_cloud.tasks import END, IMAGE, finish_task, logged, start_task, stopped

PATIENT = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (print('stopping', flush=True), sys.exit(7)))\n"
    "print('waiting', flush=True)\n"
    "time.sleep(60)"
)


def durable_state(cloud: Cloud) -> None:
    name = unique("kept")
    cloud.client("sqs").create_queue(QueueName=name)
    saved = cloud.settings.emulator_dir / "state/sqs.json"
    eventually(lambda: saved.exists() and name in saved.read_text(), timeout_s=6)


def durable_queue(cloud: Cloud) -> None:
    url, taken, over = queue(cloud), list[str](), threading.Event()

    def send() -> None:
        sqs = cloud.client("sqs")
        for number in map(str, count()):
            with contextlib.suppress(BotoCoreError):
                sqs.send_message(QueueUrl=url, MessageBody=number)
                taken.append(number)
            if over.is_set():
                return

    # The queue itself is saved a moment after it was made; only messages are kept before they are answered.
    saved, name = cloud.settings.state_folder / "sqs.json", url.rsplit("/", 1)[-1]
    prepare(lambda: saved.exists() and name in saved.read_text())
    sender = threading.Thread(target=send)
    sender.start()
    prepare(lambda: len(taken) > 100)
    # Nobody may knock while it is down: a connection to a free port may meet itself, and takes the port.
    over.set()
    sender.join()
    cloud.crash()
    assert set(taken) <= set(received(cloud, url))


def received(cloud: Cloud, url: str) -> Iterator[str]:
    sqs = cloud.client("sqs")
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (message["Body"] for message in messages)


def database(cloud: Cloud) -> None:
    import psycopg

    template = {
        "Resources": {
            "Rides": {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "Engine": "postgres",
                    "EngineVersion": "18",
                    "DBInstanceClass": "db.t4g.micro",
                    "AllocatedStorage": "20",
                    "DBName": "rides",
                    "MasterUsername": "owner",
                    "MasterUserPassword": "s3cret-s3cret",
                },
            }
        },
        "Outputs": {
            "Host": {"Value": {"Fn::GetAtt": ["Rides", "Endpoint.Address"]}},
            "Port": {"Value": {"Fn::GetAtt": ["Rides", "Endpoint.Port"]}},
        },
    }
    name, outputs = deploy(cloud, template)
    with psycopg.connect(
        host=outputs["Host"], port=outputs["Port"], user="owner", password="s3cret-s3cret", dbname="rides"
    ) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    cloud.client("cloudformation").delete_stack(StackName=name)
    eventually(lambda: not any(cloud.settings.volumes_dir.iterdir()), timeout_s=20)


def task_secrets(cloud: Cloud) -> None:
    family, group = unique("task"), unique("group")
    options = {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "job"}
    container = {
        "Name": "job",
        "Image": IMAGE,
        "Command": [f"import os; print('got', os.environ.get('KEY')); print({END!r})"],
        "Secrets": [{"Name": "KEY", "ValueFrom": {"Fn::GetAtt": ["Secret", "Id"]}}],
        "LogConfiguration": {"LogDriver": "awslogs", "Options": options},
    }
    definition = {"Family": family, "ContainerDefinitions": [container], "ExecutionRoleArn": role(cloud)}
    template = {
        "Resources": {
            "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": group}},
            "Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "open sesame"}},
            "Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": definition},
        },
        "Outputs": {"Family": {"Value": family}},
    }
    deploy(cloud, template)
    assert "got open sesame" in finish_task(cloud, family, group)


def task_stop(cloud: Cloud) -> None:
    task, group = start_task(cloud, command=PATIENT)
    eventually(lambda: "waiting" in logged(cloud, group))
    cloud.client("ecs").stop_task(cluster="tests", task=task, reason="enough")
    state = stopped(cloud, task)
    assert (state["containers"][0]["exitCode"], state["stoppedReason"]) == (7, "enough")
    eventually(lambda: "stopping" in logged(cloud, group), timeout_s=5)


def alarms(cloud: Cloud) -> None:
    cloudwatch, namespace = cloud.client("cloudwatch"), unique("space")
    for kind, treatment in (("a", "notBreaching"), ("b", "notBreaching"), ("c", "breaching")):
        cloudwatch.put_metric_alarm(
            AlarmName=f"{namespace}-{kind}",
            Namespace=namespace,
            MetricName="Errors",
            Dimensions=[{"Name": "kind", "Value": kind}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            TreatMissingData=treatment,
        )
    point = {"MetricName": "Errors", "Dimensions": [{"Name": "kind", "Value": "a"}], "Value": 1}
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[point])

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmNamePrefix=namespace)["MetricAlarms"]
        return {alarm["AlarmName"][-1]: alarm["StateValue"] for alarm in found}

    eventually(lambda: states() == {"a": "ALARM", "b": "OK", "c": "ALARM"}, timeout_s=8)
