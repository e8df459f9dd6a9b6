"""What the templates tell the functions, and whether they start from what is shipped."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from bikecast.database import DatabaseSettings
from bikecast.names import Output, TaskVariable
from console.worker.service import FROM_OUTPUTS
from infra_cdk.constructs.functions.layers import RUNTIME
from infra_cdk.settings import ROOT
from lambdas.capture_predictions.settings import Settings as CaptureSettings
from lambdas.monitor_drift.settings import Settings as MonitorSettings
from lambdas.operate.settings import Settings as OperateSettings
from lambdas.plan_ingestion.settings import Settings as IngestionSettings
from lambdas.predict.settings import Settings as PredictSettings
from tests.infra.conftest import Assembly, Resource, text_of
from training_job.runtime.settings import JobSettings, TaskSettings

SETTINGS: dict[str, tuple[type[BaseSettings], ...]] = {
    "predict": (PredictSettings,),
    "capture_predictions": (CaptureSettings, DatabaseSettings),
    "operate": (OperateSettings,),
    "monitor_drift": (MonitorSettings, DatabaseSettings),
    "plan_retraining": (),
    "plan_ingestion": (IngestionSettings,),
}
# Read by libraries, not by settings of ours.
OF_LIBRARIES = {"AWS_REGION", "DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY"}
# What the runtime brings, on AWS and in the embedded cloud.
OF_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")
IMPORT = """
import importlib, sys, time
started = time.perf_counter()
module, name = {handler!r}.rsplit(".", 1)
assert callable(getattr(importlib.import_module(module), name))
print(time.perf_counter() - started)
"""


def test_every_function_is_told_exactly_what_its_settings_ask_for(assembly: Assembly) -> None:
    for function in assembly.resources("AWS::Lambda::Function"):
        told = _environment(function)
        asked, known = _fields(SETTINGS[_service(function)])
        assert asked <= told, f"{_service(function)} misses {asked - told}"
        assert told <= known, f"{_service(function)} does not read {told - known}"


def test_every_function_is_there(on_ecs: Assembly) -> None:
    assert {_service(function) for function in on_ecs.resources("AWS::Lambda::Function")} == set(SETTINGS)


def test_with_a_worker_on_localstack_every_function_but_the_one_from_an_image_is_there(
    workers: dict[str, Assembly],
) -> None:
    functions = workers["localstack-worker"].resources("AWS::Lambda::Function")
    assert {_service(function) for function in functions} == set(SETTINGS) - {"monitor_drift"}


def test_the_container_is_told_exactly_what_its_settings_ask_for(on_ecs: Assembly) -> None:
    (task,) = on_ecs.resources("AWS::ECS::TaskDefinition")
    (container,) = task.properties["ContainerDefinitions"]
    told = {each["Name"] for each in (*container["Environment"], *container["Secrets"])} - OF_LIBRARIES
    asked, known = _fields((JobSettings, DatabaseSettings))
    assert asked - {"DATABASE"} <= told <= known
    assert _fields((TaskSettings,))[1] == {variable.value for variable in TaskVariable}


def test_a_workers_steps_are_told_exactly_what_their_settings_ask_for(on_worker: Assembly) -> None:
    outputs = on_worker.templates["bikecast-training"]["Outputs"]
    told = json.loads(text_of(outputs[Output.WORKER_ENVIRONMENT]["Value"]))
    named = {name for template in on_worker.templates.values() for name in template["Outputs"]}
    assert {output.value for output in FROM_OUTPUTS.values()} <= named
    all_told = {*told, *map(str, FROM_OUTPUTS)} - OF_LIBRARIES - {"HEARTBEAT_INTERVAL_S"}
    asked, known = _fields((JobSettings, DatabaseSettings))
    assert asked - {"DATABASE"} <= all_told <= known
    assert "DATABASE_SECRET_ARN" in all_told
    assert "DATABASE_PASSWORD" not in all_told


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "monitor_drift"])
def test_a_handler_starts_from_its_bundle_alone(name: str, embedded: Assembly, unpacked: "Unpacked") -> None:
    function = _function(embedded, name)
    code = embedded.asset(function.stack, function.properties["Code"]["S3Key"])
    paths = [code, *unpacked.layers(embedded, function), unpacked.runtime]
    program = IMPORT.format(handler=function.properties["Handler"])
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": os.pathsep.join(map(str, paths)), "AWS_REGION": "us-east-1", "HOME": str(code)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_image_function_names_a_handler_that_exists() -> None:
    dockerfile = (ROOT / "lambdas/monitor_drift/Dockerfile").read_text()
    handler = "monitor_drift.handler.lambda_handler"
    assert f'CMD ["{handler}"]' in dockerfile
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(handler=handler)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lambdas"), "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_functions_run_on_the_python_that_their_bundles_were_built_for(aws: Assembly) -> None:
    from layers.base_images import AWS_PYTHON

    assert RUNTIME.name == f"python{AWS_PYTHON}"
    zipped = [f for f in aws.resources("AWS::Lambda::Function") if "Runtime" in f.properties]
    assert {function.properties["Runtime"] for function in zipped} == {RUNTIME.name}
    assert {tuple(function.properties["Architectures"]) for function in zipped} == {("x86_64",)}


def test_every_function_logs_for_three_months(assembly: Assembly) -> None:
    assert all(
        group.properties["RetentionInDays"] == 90 for group in assembly.resources("AWS::Logs::LogGroup")
    )
    for function in assembly.resources("AWS::Lambda::Function"):
        assert function.properties["LoggingConfig"]["LogGroup"]


class Unpacked:
    """Layers as the runtime unpacks them, and a folder with what the runtime itself brings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.runtime = folder / "runtime"
        self.runtime.mkdir()
        packages = Path(pytest.__file__).parent.parent
        for name in OF_RUNTIME:
            (self.runtime / name).symlink_to(packages / name)

    def layers(self, assembly: Assembly, function: Resource) -> list[Path]:
        """Return the folders that a function's layers put on the path."""
        return [
            self._layer(assembly, function.stack, layer["Ref"]) for layer in function.properties["Layers"]
        ]

    def _layer(self, assembly: Assembly, stack: str, logical_id: str) -> Path:
        content = assembly.templates[stack]["Resources"][logical_id]["Properties"]["Content"]
        asset = assembly.asset(stack, content["S3Key"])
        if asset.is_dir():
            return asset / "python"
        folder = self._folder / asset.stem
        if not folder.exists():
            with zipfile.ZipFile(asset) as archive:
                archive.extractall(folder)
        return folder / "python"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Unpacked:
    return Unpacked(tmp_path_factory.mktemp("layers"))


def _function(assembly: Assembly, name: str) -> Resource:
    (found,) = [f for f in assembly.resources("AWS::Lambda::Function") if _service(f) == name]
    return found


def _service(function: Resource) -> str:
    return str(function.properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"])


def _environment(function: Resource) -> set[str]:
    names = function.properties["Environment"]["Variables"]
    return {name for name in names if not name.startswith("POWERTOOLS_")}


def _fields(classes: tuple[type[BaseSettings], ...]) -> tuple[set[str], set[str]]:
    """Return the variables that must be set, and all that are read."""
    asked, known = set(), set()
    for settings in classes:
        prefix = settings.model_config.get("env_prefix", "")
        for name, field in settings.model_fields.items():
            variable = f"{prefix}{name}".upper()
            known.add(variable)
            if field.is_required():
                asked.add(variable)
    return asked, known
