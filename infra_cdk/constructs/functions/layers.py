"""Lambda layers: the shared package, and one prebuilt third-party set for each kind of function."""

import hashlib
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from bikecast.discovery import PACKAGE
from infra_cdk.settings import ROOT, InfraSettings

# layers/build.py fetches wheels for the same Python; a test compares the two.
RUNTIME = lambda_.Runtime.PYTHON_3_13
ARCHITECTURE = lambda_.Architecture.X86_64
DIGITS = 16  # of a digest: enough to tell folders apart
BYTECODE = ["**/__pycache__", "**/*.pyc"]


class MissingBundleError(FileNotFoundError):
    """A layer's zip was not built yet."""


class Layers(Construct):
    """Layers of one stack; each third-party set becomes a resource when a function first asks for it."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: InfraSettings) -> None:
        super().__init__(scope, construct_id)
        self._bundles = settings.bundles
        self._more_sets = () if settings.environment.traces is None else ("tracing",)
        self._use_cases: dict[tuple[str, ...], lambda_.LayerVersion] = {}
        self._sets: dict[str, lambda_.LayerVersion] = {}
        self._bikecast = self._layer(
            "Bikecast", path=ROOT / "layers/bikecast", description="The shared package"
        )

    def of(self, name: str, *, use_cases: Sequence[str] = ()) -> list[lambda_.ILayerVersion]:
        """Return the shared package, one third-party set, and the code of the use cases that are named.

        Where traces are exported, what exports them comes along.

        Raises:
            MissingBundleError: The set's zip does not exist.
        """
        own = [self._of_use_cases(tuple(use_cases))] if use_cases else []
        return [self._bikecast, *map(self._of_set, (name, *self._more_sets)), *own]

    def _of_set(self, name: str) -> lambda_.LayerVersion:
        if name not in self._sets:
            zipped = _zip_of(self._bundles / f"{name}.zip")
            self._sets[name] = self._layer(
                name.capitalize(), path=zipped, description=f"Third-party packages: {name}"
            )
        return self._sets[name]

    def _of_use_cases(self, names: tuple[str, ...]) -> lambda_.LayerVersion:
        """Return a layer with these use cases alone: a predictor never carries another one's code."""
        if names not in self._use_cases:
            listed = ", ".join(names)
            self._use_cases[names] = self._layer(
                "UseCase" if len(names) == 1 else "UseCases",
                path=staged(names, self._bundles),
                description=f"Use cases: {listed}"[:256],
            )
        return self._use_cases[names]

    def _layer(self, construct_id: str, *, path: Path, description: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            construct_id,
            code=lambda_.Code.from_asset(str(path), exclude=BYTECODE),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            description=description,
        )


def staged(use_cases: Sequence[str], bundles: Path) -> Path:
    """Lay use cases out as a layer wants them, and return the folder, which is named by what it holds.

    Two processes may do so at once, and neither ever sees half a folder.
    """
    parent = bundles / "use_cases"
    parent.mkdir(parents=True, exist_ok=True)
    unwanted = shutil.ignore_patterns("__pycache__", "console")  # the command line ships to nobody
    with TemporaryDirectory(dir=parent, prefix=".") as work:
        made = Path(work) / "layer"
        packages = made / "python" / PACKAGE
        packages.mkdir(parents=True)
        shutil.copy(ROOT / PACKAGE / "__init__.py", packages)
        for name in use_cases:
            shutil.copytree(ROOT / PACKAGE / name, packages / name, ignore=unwanted)
        folder = parent / f"{'-'.join(use_cases)}-{_digest(packages)}"
        try:
            made.rename(folder)
        except OSError:  # it is there: this code was laid out before, or just now by another process
            if not folder.is_dir():
                raise
    for older in parent.glob(f"{'-'.join(use_cases)}-{'?' * DIGITS}"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)
    return folder


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)}\n".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()[:DIGITS]


@cache
def _zip_of(path: Path) -> Path:
    if not path.exists():
        raise MissingBundleError(f"{path} is missing: run `make bundles`")
    return path
