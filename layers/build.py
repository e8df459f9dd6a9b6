"""Builds the Lambda layers without Docker: ``python -m layers.build --target embedded --target aws``.

One zip per third-party set under ``.build/<target>/``, installed from the set's hash-locked
requirements. A zip is built again only when its lock, this file or the interpreter changed.
``--lock`` resolves the sets anew, within the versions of the project's own lock file.
"""

import argparse
import compileall
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from layers.base_images import AWS_PYTHON
from layers.locks import ROOT, BundleError, lock_all, run_uv

BUILD = ROOT / ".build"
SETS = ("functions", "api", "database", "predict", "tracing")
# AWS's runtime: Amazon Linux 2023 (glibc 2.34), which today's manylinux_2_28 wheels need; it has SnapStart.
AWS_PLATFORM = "x86_64-manylinux_2_28"
# Never used by a function: test suites, and the converters and compilers that ship inside two packages.
STRIPPED = (
    "tests", "test", "bin", "__pycache__", "onnxruntime/transformers", "onnxruntime/quantization",
    "onnxruntime/tools", "numpy/distutils", "numpy/f2py",
)  # fmt: skip
# The one calendar that is a feature; the package imports those of 250 countries, an eighth of the cold start.
CALENDARS, CALENDAR = "holidays/countries", "united_states.py"
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Platform:
    """What a bundle is built for; ``system`` is empty for the machine that builds."""

    target: str
    python: str
    system: str

    @property
    def compiles(self) -> bool:
        """Whether the interpreter that builds writes bytecode that the target can read."""
        return self.python == running_python()


def running_python() -> str:
    """Return the running interpreter's version as ``major.minor``."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def platform_of(target: str) -> Platform:
    """Return what a target's functions run on; the embedded cloud runs them on this interpreter."""
    if target == "embedded":
        return Platform(target=target, python=running_python(), system="")
    # LocalStack runs functions in AWS's own images, so it takes the same bundles.
    return Platform(target="aws", python=AWS_PYTHON, system=AWS_PLATFORM)


def build(name: str, platform: Platform, *, out: Path = BUILD) -> Path:
    """Build one set's zip unless it is up to date, and return its path.

    Raises:
        BundleError: The packages cannot be installed.
    """
    zipped = out / platform.target / f"{name}.zip"
    digest_file = zipped.with_suffix(".sha256")
    digest = _digest(name, platform)
    if zipped.exists() and digest_file.exists() and digest_file.read_text() == digest:
        return zipped
    zipped.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=zipped.parent) as folder:
        packages = Path(folder) / "python"
        _install(name, platform, packages)
        _strip(packages)
        if platform.compiles:
            _compile(packages)
        size = _zip(Path(folder), Path(folder) / "layer.zip")
        os.replace(Path(folder) / "layer.zip", zipped)
    digest_file.write_text(digest)
    _say(
        f"{platform.target}/{name}: {size / 1e6:.0f} MB unzipped, {zipped.stat().st_size / 1e6:.0f} MB zipped"
    )
    return zipped


def _digest(name: str, platform: Platform) -> str:
    parts = (
        lock_file(name).read_bytes(),
        Path(__file__).read_bytes(),
        repr(platform).encode(),
        sys.version.encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def lock_file(name: str) -> Path:
    """Return the hash-locked requirements of a set."""
    return ROOT / "layers" / name / "requirements.lock"


def _install(name: str, platform: Platform, packages: Path) -> None:
    system = ["--python-platform", platform.system] if platform.system else []
    run_uv(
        "pip", "install", "--quiet", "--target", str(packages), "--python-version", platform.python, *system,
        "--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy",
        "--requirements", str(lock_file(name)),
    )  # fmt: skip


def _strip(packages: Path) -> None:
    for pattern in STRIPPED:
        for folder in list(packages.rglob(pattern)):
            shutil.rmtree(folder, ignore_errors=True)
    for pattern in ("*.pyi", "*.a", ".lock"):
        for file in list(packages.rglob(pattern)):
            file.unlink()
    _strip_calendars(packages / CALENDARS)


def _strip_calendars(folder: Path) -> None:
    others = [file for file in folder.glob("*.py") if file.name != CALENDAR]
    for file in others:
        file.unlink()
    if others:
        (folder / "__init__.py").touch()


def _compile(packages: Path) -> None:
    # Unchecked: the runtime trusts the bytecode without comparing times, which a zip does not keep.
    compileall.compile_dir(
        packages, quiet=2, stripdir=str(packages), prependdir="/opt/python",
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


def _zip(folder: Path, zipped: Path) -> int:
    """Write the same bytes for the same files, whenever and wherever; return the size unzipped."""
    size = 0
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in _files(folder / "python"):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = (0o755 if path.suffix == ".so" or ".so." in path.name else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            body = path.read_bytes()
            archive.writestr(entry, body)
            size += len(body)
    return size


def _files(folder: Path) -> Iterator[Path]:
    return iter(sorted(path for path in folder.rglob("*") if path.is_file()))


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the output of a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or lock what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m layers.build", description=__doc__)
    parser.add_argument("--target", action="append", choices=("embedded", "localstack", "aws"), default=[])
    parser.add_argument("--lock", action="store_true", help="resolve every set anew instead of building")
    chosen = parser.parse_args(arguments)
    if not chosen.lock and not chosen.target:
        parser.error("name at least one --target, or --lock")
    try:
        if chosen.lock:
            lock_all(SETS)
        for target in chosen.target:
            for name in SETS:
                build(name, platform_of(target))
    except BundleError as err:
        _say(f"error: {err}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
