"""Lambda layers: the shared package, and one prebuilt third-party set for each kind of function."""

import shutil
from functools import cache
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from bikecast.use_case.registry import PACKAGE
from infra_cdk.settings import ROOT, InfraSettings

# layers/build.py fetches wheels for the same Python; a test compares the two.
RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.X86_64
BYTECODE = ["**/__pycache__", "**/*.pyc"]


class MissingBundleError(FileNotFoundError):
    """A layer's zip was not built yet."""


class Layers(Construct):
    """Layers of one stack; each third-party set becomes a resource when a function first asks for it."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: InfraSettings) -> None:
        super().__init__(scope, construct_id)
        self._bundles = settings.bundles
        self._use_case: lambda_.LayerVersion | None = None
        self._sets: dict[str, lambda_.LayerVersion] = {}
        self._bikecast = self._layer(
            "Bikecast", path=ROOT / "layers/bikecast", description="The shared package"
        )

    def of(self, name: str, *, use_case: str | None = None) -> list[lambda_.ILayerVersion]:
        """Return the shared package, one third-party set, and the code of one use case if it is named.

        Raises:
            MissingBundleError: The set's zip does not exist.
        """
        if name not in self._sets:
            zipped = _zip_of(self._bundles / f"{name}.zip")
            self._sets[name] = self._layer(
                name.capitalize(), path=zipped, description=f"Third-party packages: {name}"
            )
        own = [] if use_case is None else [self._of_use_case(use_case)]
        return [self._bikecast, self._sets[name], *own]

    def _of_use_case(self, name: str) -> lambda_.LayerVersion:
        """Return a layer with one use case alone: a predictor never carries the others."""
        if self._use_case is None:
            self._use_case = self._layer(
                "UseCase", path=staged(name, self._bundles), description=f"The use case {name}"
            )
        return self._use_case

    def _layer(self, construct_id: str, *, path: Path, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=lambda_.Code.from_asset(str(path), exclude=BYTECODE),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            description=description,
        )


def staged(use_case: str, bundles: Path) -> Path:
    """Lay one use case out as a layer wants it, and return the folder."""
    folder = bundles / "use_cases" / use_case
    packages = folder / "python" / PACKAGE
    shutil.rmtree(folder, ignore_errors=True)
    packages.mkdir(parents=True)
    shutil.copy(ROOT / PACKAGE / "__init__.py", packages)
    shutil.copytree(
        ROOT / PACKAGE / use_case, packages / use_case, ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@cache
def _zip_of(path: Path) -> Path:
    if not path.exists():
        raise MissingBundleError(f"{path} is missing: run `make bundles`")
    return path
