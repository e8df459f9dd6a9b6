"""Who is let in, and as whom."""

import json

import boto3
import httpx
from botocore import UNSIGNED
from botocore.config import Config

from tests.local_cloud.aws import (
    ACCOUNT,
    REGION,
    ended,
    function,
    invoke,
    machine,
    queue,
    refused,
    role,
    start,
)
from tests.local_cloud.conftest import Cloud
from tests.local_cloud.probes.machines import waiting_task
from tests.local_cloud.tasks import run_task

UNSIGNED_REQUESTS = Config(signature_version=UNSIGNED)


def administrator(cloud: Cloud) -> None:
    for key in ("test", ACCOUNT, cloud.connection.access_key_id):
        stranger = cloud.client("lambda", aws_access_key_id=key, aws_secret_access_key="test")
        assert refused(stranger.list_functions), f"{key} with a wrong secret is let in"
    anonymous = boto3.client("s3", endpoint_url=cloud.connection.endpoint_url, config=UNSIGNED_REQUESTS)
    assert refused(anonymous.list_buckets)


def function_credentials(cloud: Cloud) -> None:
    from hashlib import sha256

    name = function(
        cloud, "import os\ndef handler(event, context): return os.environ['AWS_SECRET_ACCESS_KEY']"
    )
    facts = cloud.client("lambda").get_function_configuration(FunctionName=name)
    digest = sha256(f"{facts['FunctionArn']}:{facts['Role']}".encode()).hexdigest()
    assert invoke(cloud, name, {}) != sha256(f"secret:{digest}".encode()).hexdigest()


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


def machine_role(cloud: Cloud) -> None:
    task = waiting_task(queue(cloud), TimeoutSeconds=1)
    definition = {"StartAt": "T", "States": {"T": task}}
    refusal = ended(cloud, start(cloud, machine(cloud, definition, "sqs:ReceiveMessage")))
    assert refusal["error"] == "SQS.AccessDeniedException"
    assert "is not authorized to perform: sqs:SendMessage" in refusal["cause"]
    assert ended(cloud, start(cloud, machine(cloud, definition)))["error"] == "States.Timeout"


def api_key_identity(cloud: Cloud) -> None:
    code = (
        "import json\n"
        "def handler(event, context):\n"
        "    return {'statusCode': 200, 'body': json.dumps(event['requestContext']['identity'])}\n"
    )
    gateway, name = cloud.client("apigateway"), function(cloud, code)
    api = gateway.create_rest_api(name=name)["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE", apiKeyRequired=True)
    arn = cloud.client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"]
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="s")
    key = gateway.create_api_key(name=name, enabled=True)
    plan = gateway.create_usage_plan(name=name, apiStages=[{"apiId": api, "stage": "s"}])["id"]
    gateway.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    url = f"{cloud.connection.endpoint_url}/_aws/execute-api/{api}/s/"
    identity = json.loads(httpx.get(url, headers={"x-api-key": key["value"]}).text)
    assert (identity["apiKeyId"], identity["apiKey"]) == (key["id"], key["value"])
