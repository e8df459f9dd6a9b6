"""What a function sees, and what is seen of it."""

import json
import time

from tests.local_cloud.aws import archive, function, invoke, log_lines, role, unique
from tests.local_cloud.conftest import Cloud
from tests.local_cloud.tasks import IMAGE


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


def function_secret(cloud: Cloud) -> None:
    name = unique("image")
    cloud.client("lambda").create_function(
        FunctionName=name, PackageType="Image", Code={"ImageUri": IMAGE}, Role=role(cloud), Timeout=20
    )
    assert invoke(cloud, name, {"week": 1})["name"] == name
