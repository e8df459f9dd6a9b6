"""Container images, built from the project's root; each Dockerfile's own ignore file bounds its context."""

from typing import TypedDict

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_

from infra_cdk.settings import ROOT
from layers.base_images import ARGUMENT, BASE_IMAGES


class _Build(TypedDict):
    file: str
    build_args: dict[str, str]
    exclude: list[str]
    ignore_mode: cdk.IgnoreMode
    platform: ecr_assets.Platform


def training_image() -> ecs.ContainerImage:
    """Return the image of the training container."""
    return ecs.ContainerImage.from_asset(str(ROOT), **_build("training_job/Dockerfile"))


def monitor_image() -> lambda_.DockerImageCode:
    """Return the image of the drift monitor, a function too large for a zip."""
    return lambda_.DockerImageCode.from_image_asset(str(ROOT), **_build("lambdas/monitor_drift/Dockerfile"))


def _build(dockerfile: str) -> _Build:
    """Return how an image is built; its hash changes only with the files that the ignore file lets in."""
    rules = (ROOT / f"{dockerfile}.dockerignore").read_text().splitlines()
    return _Build(
        file=dockerfile,
        build_args={ARGUMENT: BASE_IMAGES[dockerfile].reference},
        exclude=[rule for rule in rules if rule and not rule.startswith("#")],
        ignore_mode=cdk.IgnoreMode.DOCKER,
        platform=ecr_assets.Platform.LINUX_AMD64,
    )
