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
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
SETS = ("functions", "api", "database", "predict")
# AWS's runtime: Amazon Linux 2023 (glibc 2.34), which today's manylinux_2_28 wheels need; it has SnapStart.
AWS_PYTHON = "3.13"
AWS_PLATFORM = "x86_64-manylinux_2_28"
# The runtime brings boto3 and all that it needs, on AWS and in the embedded cloud.
IN_RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "python-dateutil", "six")
# onnxruntime names these for its command line tools; running a model imports neither.
TOOLS_ONLY = ("protobuf", "flatbuffers")
# Never used by a function: test suites, and the converters and compilers that ship inside two packages.
STRIPPED = (
    "tests", "test", "bin", "__pycache__", "onnxruntime/transformers", "onnxruntime/quantization",
    "onnxruntime/tools", "numpy/distutils", "numpy/f2py",
)  # fmt: skip
EPOCH = (1980, 1, 1, 0, 0, 0)


class BundleError(Exception):
    """A bundle cannot be built; the message says why."""


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


def lock(name: str) -> None:
    """Resolve one set for every supported Python within the versions of the project's lock."""
    left_out = [part for package in IN_RUNTIME + TOOLS_ONLY for part in ("--no-emit-package", package)]
    _uv(
        "pip", "compile", "--quiet", f"layers/{name}/requirements.in", "--constraint", "requirements.lock",
        "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", *left_out,
        "--output-file", f"layers/{name}/requirements.lock",
    )  # fmt: skip


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
    _uv(
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


def _compile(packages: Path) -> None:
    # Unchecked: the runtime trusts the bytecode without a look at the source's time, which a zip does not keep.
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


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise BundleError("uv is not installed; run `make setup`")
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    done = subprocess.run(
        [uv, *arguments], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise BundleError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip()[-2000:]}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the output of a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Build or lock what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m layers.build", description=__doc__)
    parser.add_argument("--target", action="append", choices=("embedded", "aws"), default=[])
    parser.add_argument("--lock", action="store_true", help="resolve the sets anew instead of building")
    chosen = parser.parse_args(arguments)
    if not chosen.lock and not chosen.target:
        parser.error("name at least one --target, or --lock")
    try:
        for name in SETS if chosen.lock else ():
            lock(name)
        for target in chosen.target:
            for name in SETS:
                build(name, platform_of(target))
    except BundleError as err:
        _say(f"error: {err}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
