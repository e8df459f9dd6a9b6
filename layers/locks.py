"""Hash-locked requirements of what ships and of the site, within the versions of the project's own lock."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Folder of an image to the dependency group that it installs.
IMAGES = {"training_job": "job", "lambdas/monitor_drift": "monitor"}
# What `make docs` and `make notebooks` add to the project's environment.
DOCS = ("docs", "notebooks")
# The runtime brings boto3 and all that it needs, on AWS and in the embedded cloud.
IN_RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "python-dateutil", "six")
# onnxruntime names these for its command line tools; running a model imports neither.
TOOLS_ONLY = {"predict": ("protobuf", "flatbuffers")}


class BundleError(Exception):
    """A bundle cannot be built or locked; the message says why."""


def lock_all(sets: Iterable[str]) -> None:
    """Resolve every layer, every image and the site's tools anew.

    Raises:
        BundleError: The packages cannot be resolved.
    """
    for name in sets:
        unwanted = (*IN_RUNTIME, *TOOLS_ONLY.get(name, ()))
        left_out = [part for package in unwanted for part in ("--no-emit-package", package)]
        _compile(f"layers/{name}/requirements.in", *left_out, out=f"layers/{name}/requirements.lock")
    for folder, group in IMAGES.items():
        _compile("pyproject.toml", "--group", group, out=f"{folder}/requirements.lock")
    for extra in DOCS:
        _compile("pyproject.toml", "--extra", extra, out=f"docs_site/{extra}.lock")


def _compile(*source: str, out: str) -> None:
    run_uv(
        "pip", "compile", "--quiet", *source, "--constraint", "requirements.lock", "--universal",
        "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--output-file", out,
    )  # fmt: skip


def run_uv(*arguments: str) -> None:
    """Run uv in the project's root.

    Raises:
        BundleError: It is not installed, or failed; the message has its words.
    """
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise BundleError("uv is not installed; run `make setup`")
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    done = subprocess.run(
        [uv, *arguments], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise BundleError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip()[-2000:]}")
