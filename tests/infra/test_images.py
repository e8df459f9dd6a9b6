"""What the images are built from; ``make image-test`` builds and runs them where there is an engine."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra_cdk.settings import ROOT
from layers.base_images import AWS_PYTHON, BASE_IMAGES, DIGESTS, BaseImage
from layers.image_digests import DIGEST, RegistryError, look_up
from layers.images import IMAGES, Image
from tests.infra.conftest import Assembly

SHARED = ("layers/bikecast/", "use_cases/")
STARTS = re.compile(r"^FROM (\S+)", re.MULTILINE)
COPIED = re.compile(r"^COPY (?!--from)(?P<source>\S+) ", re.MULTILINE)


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
def test_the_context_holds_what_is_copied_and_nothing_else(image: Image, aws: Assembly) -> None:
    context, sources = _context(aws, image), COPIED.findall(_dockerfile(image))
    assert sources
    for source in sources:
        assert (context / source).exists(), source
    files = [path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()]
    strangers = [name for name in files if not name.startswith((image.folder, *SHARED))]
    assert strangers == []
    assert not [name for name in files if name.endswith((".pyc", ".env", ".parquet"))]


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
def test_every_stage_starts_from_the_one_base_that_is_named(image: Image, on_ecs: Assembly) -> None:
    dockerfile = f"{image.folder}/Dockerfile"
    assert set(STARTS.findall(_dockerfile(image))) == {"${BASE_IMAGE}"}
    arguments = _source(on_ecs, image)["dockerBuildArgs"]
    assert arguments == {"BASE_IMAGE": BASE_IMAGES[dockerfile].reference}


def test_what_is_written_down_of_the_bases_are_digests() -> None:
    known = json.loads(DIGESTS.read_text())
    assert set(known) <= {image.name for image in BASE_IMAGES.values()}
    assert all(DIGEST.fullmatch(digest) for digest in known.values())


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("docker.io/library/python:3.13-slim", "registry-1.docker.io"),
        ("public.ecr.aws/lambda/python:3.13", "public.ecr.aws"),
    ],
)
def test_a_digest_is_looked_up_with_the_token_that_the_registry_asks_for(name: str, host: str) -> None:
    digest = f"sha256:{'0a' * 32}"

    def registry(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"token": request.url.params["scope"]})
        assert request.url.host == host
        if request.headers.get("authorization") != "Bearer repository:pull":
            asked = 'Bearer realm="https://auth/token",service="registry",scope="repository:pull"'
            return httpx.Response(401, headers={"www-authenticate": asked})
        return httpx.Response(200, headers={"docker-content-digest": digest})

    with httpx.Client(transport=httpx.MockTransport(registry)) as client:
        assert look_up(client, name) == digest


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_registry_without_an_answer_is_named(status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    client = httpx.Client(transport=transport, base_url="https://auth")
    with client, pytest.raises(RegistryError, match=f"python:3.13: .* answers {status} and no digest"):
        look_up(client, "public.ecr.aws/lambda/python:3.13")


def test_a_digest_is_part_of_what_a_build_starts_from() -> None:
    assert BaseImage("python:3.13", "sha256:abc").reference == "python:3.13@sha256:abc"


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.folder)
def test_packages_are_wheels_checked_by_hash_for_the_python_of_the_functions(image: Image) -> None:
    text = _dockerfile(image)
    assert f"python:{AWS_PYTHON}" in BASE_IMAGES[f"{image.folder}/Dockerfile"].name
    assert "--require-hashes --only-binary :all:" in text


def test_the_training_container_is_nobody_special() -> None:
    text = _dockerfile(IMAGES[0])
    assert text.index("\nUSER job\n") < text.index("\nENTRYPOINT ")


def _dockerfile(image: Image) -> str:
    return (ROOT / image.folder / "Dockerfile").read_text()


def _context(assembly: Assembly, image: Image) -> Path:
    return assembly.folder / str(_source(assembly, image)["directory"])


def _source(assembly: Assembly, image: Image) -> dict[str, Any]:
    for manifest in assembly.folder.glob("*.assets.json"):
        for asset in json.loads(manifest.read_text())["dockerImages"].values():
            source: dict[str, Any] = asset["source"]
            if source["dockerFile"] == f"{image.folder}/Dockerfile":
                return source
    raise AssertionError(f"no image asset of {image.folder}")
