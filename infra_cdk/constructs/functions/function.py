"""Python functions with our runtime, logs, tracing and a role that holds nothing it does not need."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.constructs.functions.function_parts import FunctionParts, Placement
from infra_cdk.constructs.functions.layers import ARCHITECTURE, BYTECODE, RUNTIME, Layers
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import ROOT, InfraSettings

SNAPSHOTS = lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS


class PythonFunction(lambda_.Function):
    """A function from ``lambdas/<name>``, on the shared package and one third-party set.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        name: Folder under ``lambdas/``, named verb_noun.
        layers: Where the packages come from.
        packages: Third-party set.
        use_cases: Whose code is added.
        settings: The target.
        environment: What the function's settings class reads.
        timeout_s: Time for one call.
        memory_mb: Memory; processor time is in proportion.
        placement: In the network beside the database, or ``None`` for outside.
        snap_start: Start from a snapshot where the target can.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        layers: Layers,
        packages: str,
        use_cases: Sequence[str] = (),
        settings: InfraSettings,
        environment: Mapping[str, str],
        timeout_s: int,
        memory_mb: int,
        placement: Placement | None = None,
        snap_start: bool = False,
    ) -> None:
        parts = FunctionParts(
            scope,
            f"{construct_id}Parts",
            name=name,
            settings=settings,
            environment=environment,
            placement=placement,
        )
        super().__init__(
            scope,
            construct_id,
            code=function_code(name),
            handler=f"{name}.handler.lambda_handler",
            runtime=RUNTIME,
            architecture=ARCHITECTURE,
            layers=layers.of(packages, use_cases=use_cases),
            snap_start=SNAPSHOTS if snap_start and settings.snap_start else None,
            timeout=cdk.Duration.seconds(timeout_s),
            memory_size=memory_mb,
            **parts.shared(),
        )
        self.parts, self.logs = parts, parts.log_group
        suppress_nag(self, {"AwsSolutions-L1": "The newest Python that every package here has wheels for."})


class ImageFunction(lambda_.DockerImageFunction):
    """A function from a container image: one whose packages are too large for a zip.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        name: Folder under ``lambdas/``, named verb_noun.
        code: The image.
        settings: The target.
        environment: What the function's settings class reads.
        timeout_s: Time for one call.
        memory_mb: Memory; processor time is in proportion.
        placement: In the network beside the database, or ``None`` for outside.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        code: lambda_.DockerImageCode,
        settings: InfraSettings,
        environment: Mapping[str, str],
        timeout_s: int,
        memory_mb: int,
        placement: Placement | None = None,
    ) -> None:
        parts = FunctionParts(
            scope,
            f"{construct_id}Parts",
            name=name,
            settings=settings,
            environment=environment,
            placement=placement,
        )
        super().__init__(
            scope,
            construct_id,
            code=code,
            architecture=ARCHITECTURE,
            timeout=cdk.Duration.seconds(timeout_s),
            memory_size=memory_mb,
            **parts.shared(),
        )
        self.parts, self.logs = parts, parts.log_group


def function_code(name: str) -> lambda_.Code:
    """Return the code asset of one function: its folder alone, importable by the folder's name.

    Raises:
        FileNotFoundError: There is no such function.
    """
    if not (ROOT / "lambdas" / name / "handler.py").exists():
        raise FileNotFoundError(f"lambdas/{name}/handler.py does not exist")
    everything_else = ["/*", f"!/{name}/", *BYTECODE]
    return lambda_.Code.from_asset(
        str(ROOT / "lambdas"), exclude=everything_else, ignore_mode=cdk.IgnoreMode.GIT
    )
