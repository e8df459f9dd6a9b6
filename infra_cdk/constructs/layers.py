"""Lambda layers: the shared package, and one prebuilt third-party set for each kind of function."""

from functools import cache
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

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
        self._sets: dict[str, lambda_.LayerVersion] = {}
        self._bikecast = self._layer(
            "Bikecast", path=ROOT / "layers/bikecast", description="The shared package"
        )

    def of(self, name: str) -> list[lambda_.ILayerVersion]:
        """Return the shared package and one third-party set.

        Raises:
            MissingBundleError: The set's zip does not exist.
        """
        if name not in self._sets:
            zipped = _zip_of(self._bundles / f"{name}.zip")
            self._sets[name] = self._layer(
                name.capitalize(), path=zipped, description=f"Third-party packages: {name}"
            )
        return [self._bikecast, self._sets[name]]

    def _layer(self, construct_id: str, *, path: Path, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=lambda_.Code.from_asset(str(path), exclude=BYTECODE),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            description=description,
        )


@cache
def _zip_of(path: Path) -> Path:
    if not path.exists():
        raise MissingBundleError(f"{path} is missing: run `make bundles`")
    return path
