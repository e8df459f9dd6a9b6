"""Tasks and image functions through the emulator's own API: what runs, what is logged, how it ends."""

import json
import subprocess
import sys

import pytest

from local_cloud.engine import function_host
from tests.local_cloud import aws, tasks
from tests.local_cloud.conftest import Cloud, eventually

pytestmark = pytest.mark.xdist_group("fidelity")

NAMED = "import os, sys; print(os.environ['NAME'], os.environ['AWS_REGION']); sys.exit(3)"


def test_a_task_runs_with_its_overrides_and_its_exit_code_counts(cloud: Cloud) -> None:
    override = {"command": [NAMED], "environment": [{"name": "NAME", "value": "overridden"}]}
    task, group = tasks.start_task(cloud, command="raise SystemExit(1)", override=override)
    assert tasks.stopped(cloud, task)["containers"][0]["exitCode"] == 3
    eventually(lambda: f"overridden {aws.REGION}" in aws.log_lines(cloud, group), timeout_s=5)


def test_an_image_function_answers_logs_and_fails_like_a_zip_function(cloud: Cloud) -> None:
    name, functions = aws.unique("monitor"), cloud.client("lambda")
    functions.create_function(
        FunctionName=name,
        PackageType="Image",
        Code={"ImageUri": tasks.IMAGE},
        Role=aws.role(cloud),
        Timeout=20,
    )
    assert aws.invoke(cloud, name, {"week": 1})["name"] == name
    failed = functions.invoke(FunctionName=name, Payload=json.dumps({"raise": "gone"}).encode())
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorType"] == "LookupError"
    lines = "\n".join(aws.log_lines(cloud, f"/aws/lambda/{name}"))
    assert "seen ['week']" in lines
    assert "LookupError: gone" in lines
    assert "REPORT RequestId" in lines


def test_the_host_of_functions_needs_the_standard_library_only() -> None:
    """LocalStack's bench runs it on an interpreter that knows nothing of this project."""
    load = "import runpy, sys; print('invoke' in runpy.run_path(sys.argv[1], run_name='host'))"
    argv = [sys.executable, "-I", "-S", "-c", load, function_host.__file__]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "True\n"
