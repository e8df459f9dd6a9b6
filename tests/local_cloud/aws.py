"""The AWS calls that the tests of the embedded cloud share."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.local_cloud.conftest import Cloud, eventually

ACCOUNT, REGION = "000000000000", "us-east-1"
ASSUME_ROLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}],
}


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


def queue(cloud: Cloud) -> str:
    return str(cloud.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"])


def refused(act: Callable[[], Any]) -> str:
    """Return the code with which AWS refuses ``act``, "" if it doesn't."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


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
