"""One probe per fidelity fix: passes where the cloud behaves as AWS does, fails where it doesn't."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local_cloud.conftest import Cloud, eventually

ACCOUNT, REGION = "000000000000", "us-east-1"
ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}],
}
PATIENT = (
    "import signal, sys, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (print('stopping', flush=True), sys.exit(7)))\n"
    "print('waiting', flush=True)\n"
    "time.sleep(60)"
)
UNSIGNED_REQUESTS = Config(signature_version=UNSIGNED)
END = "that is all"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/assets:1"


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def role(cloud: Cloud, *actions: str) -> str:
    """Create a role with some rights and return its ARN."""
    iam, name = cloud.client("iam"), unique("role")
    created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ASSUME_ROLE))
    if actions:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return str(created["Role"]["Arn"])


def archive(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name.replace("__", "/") + ".py", text)
    return buffer.getvalue()


def function(cloud: Cloud, code: str, **options: Any) -> str:
    """Create a function whose module ``app`` is ``code`` and return its name."""
    name = unique("function")
    cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="app.handler",
        Role=role(cloud),
        Code={"ZipFile": archive(app=code)},
        Timeout=20,
        **options,
    )
    return name


def invoke(cloud: Cloud, name: str, event: object) -> Any:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read())


def log_lines(cloud: Cloud, group: str) -> list[str]:
    events = cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    return [event["message"] for event in events]


def machine(cloud: Cloud, definition: dict[str, Any], *actions: str) -> str:
    created = cloud.client("stepfunctions").create_state_machine(
        name=unique("machine"),
        definition=json.dumps(definition),
        roleArn=role(cloud, *(actions or ("sqs:SendMessage",))),
    )
    return str(created["stateMachineArn"])


def start(cloud: Cloud, arn: str, **data: Any) -> str:
    states = cloud.client("stepfunctions")
    return str(states.start_execution(stateMachineArn=arn, input=json.dumps(data))["executionArn"])


def ended(cloud: Cloud, execution: str, *, timeout_s: float = 20) -> dict[str, Any]:
    states = cloud.client("stepfunctions")

    def finished() -> dict[str, Any] | None:
        found = dict(states.describe_execution(executionArn=execution))
        return None if found["status"] == "RUNNING" else found

    return dict(eventually(finished, timeout_s=timeout_s))


def waiting_task(queue_url: str, **limits: Any) -> dict[str, Any]:
    """A task state that sends its token to a queue and waits for the answer."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue_url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
        **limits,
    }


def queue(cloud: Cloud) -> str:
    return str(cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"])


def next_token(cloud: Cloud, queue_url: str) -> str:
    def receive() -> Any:
        return cloud.client("sqs").receive_message(QueueUrl=queue_url).get("Messages")

    (message,) = eventually(receive, timeout_s=6)
    cloud.client("sqs").delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return str(json.loads(message["Body"])["token"])


def refused(act: Callable[[], Any]) -> str:
    """Return the code with which AWS refuses ``act``, "" if it doesn't."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def administrator(cloud: Cloud) -> None:
    for key in ("test", ACCOUNT, cloud.connection.access_key_id):
        stranger = cloud.client("lambda", aws_access_key_id=key, aws_secret_access_key="test")
        assert refused(stranger.list_functions), f"{key} with a wrong secret is let in"
    anonymous = boto3.client("s3", endpoint_url=cloud.connection.endpoint_url, config=UNSIGNED_REQUESTS)
    assert refused(anonymous.list_buckets)


def durable_state(cloud: Cloud) -> None:
    name = unique("kept")
    cloud.client("sqs").create_queue(QueueName=name)
    saved = cloud.settings.emulator_dir / "state/sqs.json"
    eventually(lambda: saved.exists() and name in saved.read_text(), timeout_s=6)


def function_process(cloud: Cloud) -> None:
    code = (
        "import importlib.util, logging, os, shared\n"
        "def handler(event, context):\n"
        "    logging.getLogger().warning('to the log')\n"
        "    found = {m: bool(importlib.util.find_spec(m)) for m in event['modules']}\n"
        "    return {'found': found, 'names': list(os.environ), 'whose': shared.WHOSE}\n"
    )
    layers = cloud.client("lambda")
    layer = layers.publish_layer_version(
        LayerName=unique("layer"), Content={"ZipFile": archive(python__shared="WHOSE = 'layer'")}
    )
    name = function(cloud, code, Layers=[layer["LayerVersionArn"]])
    bundle = archive(app=code, shared="WHOSE = 'bundle'")
    layers.update_function_code(FunctionName=name, ZipFile=bundle)
    answer = invoke(cloud, name, {"modules": ["boto3", "ministack", "docker", "pydantic"]})
    assert answer["found"] == {"boto3": True, "ministack": False, "docker": False, "pydantic": False}
    assert not {"DOCKER_HOST", "STATE_DIR", "AUTH", "HOME"} & set(answer["names"])
    assert answer["whose"] == "bundle"
    assert [
        line for line in log_lines(cloud, f"/aws/lambda/{name}") if "to the log" in line and "WARNING" in line
    ]


def function_files(cloud: Cloud) -> None:
    name = function(cloud, "import os\ndef handler(event, context): return os.path.realpath(__file__)")
    first = invoke(cloud, name, {})
    # Another memory size starts another environment of the same code.
    cloud.client("lambda").update_function_configuration(FunctionName=name, MemorySize=256)
    assert invoke(cloud, name, {}) == first


def function_credentials(cloud: Cloud) -> None:
    from hashlib import sha256

    name = function(
        cloud, "import os\ndef handler(event, context): return os.environ['AWS_SECRET_ACCESS_KEY']"
    )
    facts = cloud.client("lambda").get_function_configuration(FunctionName=name)
    digest = sha256(f"{facts['FunctionArn']}:{facts['Role']}".encode()).hexdigest()
    assert invoke(cloud, name, {}) != sha256(f"secret:{digest}".encode()).hexdigest()


def function_errors(cloud: Cloud) -> None:
    name = function(cloud, "def handler(event, context):\n    raise LookupError('gone')")
    answer = invoke(cloud, name, {})
    assert (answer["errorType"], answer["errorMessage"]) == ("LookupError", "gone")
    assert "in handler" in answer["stackTrace"][0]
    broken = function(cloud, "import nothing_like_it\ndef handler(event, context): pass")
    assert invoke(cloud, broken, {})["errorType"] == "Runtime.ImportModuleError"
    counting = function(
        cloud, "n = []\ndef handler(event, context):\n    n.append(1)\n    raise LookupError(len(n))"
    )
    assert [invoke(cloud, counting, {})["errorMessage"] for _ in range(2)] == ["1", "2"]


def function_metrics(cloud: Cloud) -> None:
    namespace = unique("space")
    metric = {
        "Namespace": namespace,
        "Dimensions": [["kind"]],
        "Metrics": [{"Name": "Rides", "Unit": "Count"}],
    }
    document = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [metric]}, "kind": "a", "Rides": [2, 3]}
    name = function(cloud, f"def handler(event, context): print({json.dumps(json.dumps(document))})")
    invoke(cloud, name, {})
    statistics = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="Rides",
        Dimensions=[{"Name": "kind", "Value": "a"}],
        StartTime=time.time() - 300,
        EndTime=time.time() + 60,
        Period=3600,
        Statistics=["Sum"],
    )
    assert sum(point["Sum"] for point in statistics["Datapoints"]) == 5


def deploy(cloud: Cloud, template: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Create a stack; return its name and outputs."""
    stacks, name = cloud.client("cloudformation"), unique("stack")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def complete() -> dict[str, str] | None:
        (stack,) = stacks.describe_stacks(StackName=name)["Stacks"]
        assert not {"FAILED", "ROLLBACK"} & set(stack["StackStatus"].split("_"))
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return outputs if stack["StackStatus"] == "CREATE_COMPLETE" else None

    return name, dict(eventually(complete, timeout_s=60))


def run_task(cloud: Cloud, code: str, **definition: Any) -> str:
    """Run one task to its end and return its log."""
    family, group = unique("task"), unique("group")
    options = {"awslogs-group": group, "awslogs-region": REGION, "awslogs-stream-prefix": "job"}
    container = {
        "name": "job",
        "image": IMAGE,
        "command": [f"{code}\nprint({END!r})"],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    cloud.client("logs").create_log_group(logGroupName=group)
    ecs = cloud.client("ecs")
    ecs.register_task_definition(family=family, containerDefinitions=[container], **definition)
    return finish_task(cloud, family, group)


def finish_task(cloud: Cloud, family: str, group: str) -> str:
    """Run a task definition and return what it logged by its end."""
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="tests")
    (task,) = ecs.run_task(cluster="tests", taskDefinition=family)["tasks"]

    def stopped() -> bool:
        (found,) = ecs.describe_tasks(cluster="tests", tasks=[task["taskArn"]])["tasks"]
        return bool(found["lastStatus"] == "STOPPED")

    eventually(stopped, timeout_s=30)
    eventually(lambda: END in log_lines(cloud, group), timeout_s=5)
    return "\n".join(log_lines(cloud, group))


def task_role(cloud: Cloud) -> None:
    code = (
        "import boto3\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "try: boto3.client('s3').list_buckets()\n"
        "except Exception as error: print('refused', 'AccessDenied' in str(error))\n"
        "print('queues', boto3.client('sqs').list_queues()['ResponseMetadata']['HTTPStatusCode'])\n"
    )
    arn = role(cloud, "sqs:ListQueues")
    said = run_task(cloud, code, taskRoleArn=arn)
    assert f":assumed-role/{arn.rsplit('/', 1)[1]}/" in said
    assert "refused True" in said
    assert "queues 200" in said


def start_task(cloud: Cloud, *, command: str, override: dict[str, Any] | None = None) -> tuple[str, str]:
    """Start a task with a variable and a log group; return its ARN and the group."""
    family, group = unique("task"), unique("group")
    options = {
        "awslogs-group": group,
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "job",
        "awslogs-create-group": "true",
    }
    container = {
        "name": "job",
        "image": IMAGE,
        "command": [command],
        "environment": [{"name": "NAME", "value": "defined"}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="tests")
    ecs.register_task_definition(family=family, containerDefinitions=[container])
    overrides = {"containerOverrides": [{"name": "job", **(override or {})}]}
    (task,) = ecs.run_task(cluster="tests", taskDefinition=family, overrides=overrides)["tasks"]
    return str(task["taskArn"]), group


def stopped(cloud: Cloud, task: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        (state,) = cloud.client("ecs").describe_tasks(cluster="tests", tasks=[task])["tasks"]
        return dict(state) if state["lastStatus"] == "STOPPED" else None

    return dict(eventually(found, timeout_s=30))


def logged(cloud: Cloud, group: str) -> list[str]:
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return log_lines(cloud, group) if groups else []


def task_stop(cloud: Cloud) -> None:
    task, group = start_task(cloud, command=PATIENT)
    eventually(lambda: "waiting" in logged(cloud, group))
    cloud.client("ecs").stop_task(cluster="tests", task=task, reason="enough")
    state = stopped(cloud, task)
    assert (state["containers"][0]["exitCode"], state["stoppedReason"]) == (7, "enough")
    eventually(lambda: "stopping" in logged(cloud, group), timeout_s=5)


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


def task_timing(cloud: Cloud) -> None:
    url = queue(cloud)
    retry = [{"ErrorEquals": ["States.HeartbeatTimeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    task = waiting_task(url, HeartbeatSecondsPath="$.silence", TimeoutSeconds=8, Retry=retry)
    execution = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}}), silence=1)
    first, second = next_token(cloud, url), next_token(cloud, url)
    assert first != second
    states = cloud.client("stepfunctions")
    assert refused(lambda: states.send_task_heartbeat(taskToken=first)) == "TaskTimedOut"
    assert ended(cloud, execution)["error"] == "States.HeartbeatTimeout"


def machine_role(cloud: Cloud) -> None:
    task = waiting_task(queue(cloud), TimeoutSeconds=1)
    definition = {"StartAt": "T", "States": {"T": task}}
    refusal = ended(cloud, start(cloud, machine(cloud, definition, "sqs:ReceiveMessage")))
    assert refusal["error"] == "SQS.AccessDeniedException"
    assert "is not authorized to perform: sqs:SendMessage" in refusal["cause"]
    assert ended(cloud, start(cloud, machine(cloud, definition)))["error"] == "States.Timeout"


def execution_end(cloud: Cloud) -> None:
    url, states = queue(cloud), cloud.client("stepfunctions")
    task = waiting_task(url, TimeoutSeconds=6)
    late = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}, "TimeoutSeconds": 1}))
    next_token(cloud, url)
    assert ended(cloud, late)["status"] == "TIMED_OUT"
    stopped = start(cloud, machine(cloud, {"StartAt": "T", "States": {"T": task}}))
    token = next_token(cloud, url)
    states.stop_execution(executionArn=stopped)
    eventually(lambda: refused(lambda: states.send_task_heartbeat(taskToken=token)), timeout_s=3)
    assert ended(cloud, stopped)["status"] == "ABORTED"


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
