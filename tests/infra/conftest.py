"""Every target's templates, synthesized once: the same code, offline, as ``cdk synth`` runs it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bikecast.names import DEFAULT_ENVIRONMENT, DEFAULT_USE_CASE, Containers, Target

NODE = Path(sys.executable).with_name("node")
if NODE.exists():
    os.environ.setdefault("JSII_NODE", str(NODE))
# The construct library's own check of every template takes longer than all else; cfn-lint makes it here.
os.environ["CDK_VALIDATION"] = "false"
# Compiling the construct library takes a quarter of a minute; keep its bytecode.
sys.dont_write_bytecode = False
REPORT = "validation-report.json"
# Findings go to the report instead of ending the synthesis.
REPORT_ONLY = {"@aws-cdk/core:failSynthOnValidationErrors": False}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what uses the assemblies in one worker, so that they are synthesized once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("infra"))


@dataclass(frozen=True)
class Resource:
    """One resource of one stack."""

    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]
    whole: Mapping[str, Any]


# Beside every target with its containers on ECS: steps on a worker, with our own database and with another's.
WORKERS: dict[str, tuple[Target, dict[str, Any]]] = {
    "aws-worker": (Target.AWS, {"containers": Containers.WORKER}),
    "localstack-worker": (
        Target.LOCALSTACK,
        {"containers": Containers.WORKER, "database": "postgresql://owner@db.example:5433/rides"},
    ),
}


@dataclass(frozen=True)
class Assembly:
    """What one target's synthesis wrote."""

    target: Target
    folder: Path
    containers: Containers = Containers.ECS

    @property
    def templates(self) -> dict[str, dict[str, Any]]:
        """Templates by stack."""
        suffix = ".template.json"
        paths = sorted(self.folder.glob(f"*{suffix}"))
        return {path.name.removesuffix(suffix): json.loads(path.read_text()) for path in paths}

    @property
    def report(self) -> dict[str, Any]:
        """Findings of the rule sets."""
        report: dict[str, Any] = json.loads((self.folder / REPORT).read_text())
        return report

    def resources(self, kind: str | None = None) -> list[Resource]:
        """Return the resources of one type, or all."""
        return [
            Resource(stack, name, body["Type"], body.get("Properties", {}), body)
            for stack, template in self.templates.items()
            for name, body in template["Resources"].items()
            if kind in (None, body["Type"])
        ]

    def asset(self, stack: str, key: str) -> Path:
        """Return the file or folder that a bucket key in a template stands for."""
        files = json.loads((self.folder / f"{stack}.assets.json").read_text())["files"]
        return self.folder / str(files[key.split(".")[0]]["source"]["path"])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's assemblies are written."""
    return tmp_path_factory.mktemp("cdk")


@pytest.fixture(scope="session")
def assemblies(folder: Path) -> dict[Target, Assembly]:
    """Every target's assembly, looked at by the AwsSolutions rules."""
    return {target: synthesize(target, folder / target) for target in Target}


@pytest.fixture(scope="session")
def aws(assemblies: dict[Target, Assembly]) -> Assembly:
    """The production shape."""
    return assemblies[Target.AWS]


@pytest.fixture(scope="session")
def embedded(assemblies: dict[Target, Assembly]) -> Assembly:
    """The embedded cloud's shape."""
    return assemblies[Target.EMBEDDED]


@pytest.fixture(scope="session")
def workers(folder: Path) -> dict[str, Assembly]:
    """Assemblies whose steps run on a worker, looked at by the AwsSolutions rules."""
    return {name: synthesize(target, folder / name, **choices) for name, (target, choices) in WORKERS.items()}


@pytest.fixture(scope="session", params=list(Target))
def on_ecs(request: pytest.FixtureRequest, assemblies: dict[Target, Assembly]) -> Assembly:
    """Each target's assembly in turn."""
    return assemblies[request.param]


@pytest.fixture(scope="session", params=list(WORKERS))
def on_worker(request: pytest.FixtureRequest, workers: dict[str, Assembly]) -> Assembly:
    """Each assembly with a worker in turn."""
    return workers[request.param]


@pytest.fixture(scope="session", params=[*Target, *WORKERS])
def assembly(
    request: pytest.FixtureRequest, assemblies: dict[Target, Assembly], workers: dict[str, Assembly]
) -> Assembly:
    """Each assembly in turn, whatever runs its steps."""
    return (assemblies | workers)[request.param]


@pytest.fixture(scope="session", params=list(Containers))
def two_use_cases(request: pytest.FixtureRequest, folder: Path) -> Assembly:
    """LocalStack's assembly of an environment with two use cases, by what runs the steps."""
    return synthesize(
        Target.LOCALSTACK,
        folder / f"two-{request.param}",
        use_cases=(DEFAULT_USE_CASE, "obesity"),
        environment="staging",
        **choices_of(Target.LOCALSTACK, request.param),
    )


def choices_of(target: Target, containers: Containers) -> dict[str, Any]:
    """Return what a deployment has to choose for its steps to run there."""
    return WORKERS.get(f"{target}-{containers}", (target, {"containers": containers}))[1]


def synthesize(
    target: Target,
    folder: Path,
    *,
    checked: bool = True,
    use_cases: Sequence[str] = (DEFAULT_USE_CASE,),
    environment: str = DEFAULT_ENVIRONMENT,
    **choices: str,
) -> Assembly:
    """Write one target's assembly; findings go to its report."""
    import aws_cdk as cdk
    import cdk_nag

    from infra_cdk.application import add_stacks, new_app
    from infra_cdk.environments import Environment
    from infra_cdk.settings import settings_for

    app = new_app(outdir=str(folder), context=REPORT_ONLY)
    settings = replace(settings_for(target, **choices), environment=Environment(name=environment))
    add_stacks(app, settings=settings, use_cases=use_cases)
    if checked:
        cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    app.synth()
    return Assembly(target, folder, settings.containers)


def text_of(value: Any) -> str:
    """Return a template's value as plain text, intrinsic functions replaced by what they join or name."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(text_of, value))
    if isinstance(value, dict):
        return _intrinsic(value)
    return json.dumps(value)


def _intrinsic(value: dict[str, Any]) -> str:
    name, argument = next(iter(value.items()))
    if name == "Fn::Join":
        return str(argument[0]).join(map(text_of, argument[1]))
    return f"<{'.'.join(argument) if isinstance(argument, list) else argument}>"
