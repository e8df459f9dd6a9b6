"""What the images are built from; ``make image-test`` builds and runs them where there is an engine."""

import json
import re
from pathlib import Path

import pytest

from infra_cdk.settings import ROOT
from layers.build import AWS_PYTHON
from layers.images import IMAGES, Image
from tests.infra.conftest import Assembly

COPIED = re.compile(r"^COPY (?!--from)(?P<source>\S+) ", re.MULTILINE)


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
def test_the_context_holds_what_is_copied_and_nothing_else(image: Image, aws: Assembly) -> None:
    context, sources = _context(aws, image), COPIED.findall(_dockerfile(image))
    assert sources
    for source in sources:
        assert (context / source).exists(), source
    files = [path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()]
    strangers = [name for name in files if not name.startswith((image.folder, "layers/bikecast/"))]
    assert strangers == []
    assert not [name for name in files if name.endswith((".pyc", ".env", ".parquet"))]


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
def test_packages_are_wheels_checked_by_hash_for_the_python_of_the_functions(image: Image) -> None:
    text = _dockerfile(image)
    assert f"ARG PYTHON_VERSION={AWS_PYTHON}\n" in text
    assert "--require-hashes --only-binary :all:" in text


def test_the_training_container_is_nobody_special() -> None:
    text = _dockerfile(IMAGES[0])
    assert text.index("\nUSER job\n") < text.index("\nENTRYPOINT ")


def _dockerfile(image: Image) -> str:
    return (ROOT / image.folder / "Dockerfile").read_text()


def _context(assembly: Assembly, image: Image) -> Path:
    for manifest in assembly.folder.glob("*.assets.json"):
        for asset in json.loads(manifest.read_text())["dockerImages"].values():
            if asset["source"]["dockerFile"] == f"{image.folder}/Dockerfile":
                return assembly.folder / str(asset["source"]["directory"])
    raise AssertionError(f"no image asset of {image.folder}")
