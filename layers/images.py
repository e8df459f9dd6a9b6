"""Builds and tries the container images with Docker or Podman: ``python -m layers.images``.

An image passes if it runs as nobody special, imports everything that its steps or its handler need,
and refuses a call without a step in a sentence. Nothing is pushed; the CDK builds its own.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from layers.base_images import ARGUMENT, BASE_IMAGES
from layers.locks import ROOT

ENGINES = ("docker", "podman")
ENGINE_VARIABLE = "BIKECAST_CONTAINER_ENGINE"
NO_ENGINE = 75  # EX_TEMPFAIL: nothing was tried
TRY_STEPS = """
import importlib, os, pkgutil
import training_job.steps, training_job.rows, use_cases.citibike.steps
from training_job.rows import load_files, prepare, train, tune, evaluate
assert os.getuid() != 0, "the container runs as root"
places = [training_job.steps, use_cases.citibike.steps]
names = [f"{place.__name__}.{each.name}" for place in places for each in pkgutil.iter_modules(place.__path__)]
for name in names:
    assert callable(importlib.import_module(name).run)
print("runs as uid", os.getuid(), "and imports", len(names), "steps")
"""
TRY_HANDLER = """
from monitor_drift.handler import lambda_handler
import evidently
print("imports its handler and evidently", evidently.__version__)
"""


@dataclass(frozen=True)
class Image:
    """One image: where its Dockerfile is, a program that must run in it, and what it says without a step."""

    folder: str
    program: str
    refusal: str | None

    @property
    def tag(self) -> str:
        """Name of the built image."""
        return f"localhost/bikecast-{self.folder.rsplit('/', 1)[-1].replace('_', '-')}:test"


IMAGES = (
    Image("training_job", TRY_STEPS, "step: give one of"),
    Image("lambdas/monitor_drift", TRY_HANDLER, None),
)


class ImageError(Exception):
    """An image cannot be built or does not work; the message has the engine's words."""


def find_engine() -> list[str] | None:
    """Return the command of a container engine that answers, or ``None``."""
    named = os.environ.get(ENGINE_VARIABLE)
    candidates = [shlex.split(named)] if named else [[name] for name in ENGINES if shutil.which(name)]
    for engine in candidates:
        if subprocess.run([*engine, "info"], capture_output=True, check=False).returncode == 0:
            return engine
    return None


def build(engine: Sequence[str], image: Image, *, arguments: Sequence[str]) -> None:
    """Build an image from the project's root.

    Raises:
        ImageError: The build failed.
    """
    dockerfile = f"{image.folder}/Dockerfile"
    # Docker finds the ignore file beside the Dockerfile by itself.
    ignore = [f"--ignorefile={dockerfile}.dockerignore"] if "podman" in engine[-1] else []
    base = f"{ARGUMENT}={BASE_IMAGES[dockerfile].reference}"
    build_arguments = [f"--build-arg={each}" for each in (base, *arguments)]
    _run([*engine, "build", "--file", dockerfile, "--tag", image.tag, *ignore, *build_arguments, "."])


def try_out(engine: Sequence[str], image: Image) -> str:
    """Run the image's program without a network, and a call without a step; return what it printed.

    Raises:
        ImageError: It does not work, or takes what it should refuse.
    """
    offline = [*engine, "run", "--rm", "--network=none"]
    printed = _run([*offline, "--entrypoint=python", image.tag, "-c", image.program])
    if image.refusal is not None:
        refused = subprocess.run([*offline, image.tag], capture_output=True, text=True, check=False)
        if refused.returncode == 0 or image.refusal not in refused.stderr:
            raise ImageError(f"a call without a step should be refused, but got: {refused.stderr[-500:]!r}")
    return printed.strip()


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ImageError(f"`{shlex.join(command[:3])} ...` failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the output of a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Build and try what the command line names; 75 if there is no engine."""
    parser = argparse.ArgumentParser(prog="python -m layers.images", description=__doc__)
    parser.add_argument("folder", nargs="*", help="folders of Dockerfiles; all of them if none is named")
    parser.add_argument(
        "--build-arg", action="append", default=[], help="passed on, e.g. BASE_IMAGE=python:3.11-slim"
    )
    chosen = parser.parse_args(arguments)
    engine = find_engine()
    if engine is None:
        _say(f"no container engine answers: start Docker or Podman, or set {ENGINE_VARIABLE}; nothing done")
        return NO_ENGINE
    try:
        for image in (each for each in IMAGES if not chosen.folder or each.folder in chosen.folder):
            _say(f"{image.folder}: building with {shlex.join(engine)}")
            build(engine, image, arguments=chosen.build_arg)
            _say(f"{image.folder}: {try_out(engine, image)}")
    except ImageError as err:
        _say(f"error: {err}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
