"""ECR: every image is there already, so that the CDK builds none."""

from typing import Any

from localstack.services.plugins import Service, ServiceLifecycleHook, aws_provider

from . import surroundings

HOST = f"{surroundings.ACCOUNT}.dkr.ecr.{surroundings.REGION}.amazonaws.com"


def describe_images(_: object, request: dict[str, Any]) -> dict[str, Any]:
    """Say that the image that is asked for exists."""
    image = {"registryId": surroundings.ACCOUNT, "repositoryName": request["repositoryName"]}
    return {"imageDetails": [image | {"imageDigest": "sha256:" + "0" * 64}]}


def describe_repositories(_: object, request: dict[str, Any]) -> dict[str, Any]:
    """Say that the repositories that are asked for exist."""
    names = request.get("repositoryNames", [])
    return {"repositories": [{"repositoryName": name, "repositoryUri": f"{HOST}/{name}"} for name in names]}


@aws_provider(api="ecr", name="default", should_load=surroundings.with_stand_ins)  # type: ignore[untyped-decorator]  # LocalStack ships no types
def ecr() -> Service:
    """Return the service, with what the CDK's command line asks before it would build an image."""
    provider = type("EcrStandIn", (ServiceLifecycleHook,), {"service": "ecr", "version": "2015-09-21"})
    operations = {"DescribeImages": describe_images, "DescribeRepositories": describe_repositories}
    return Service.for_provider(provider(), dispatch_table_factory=lambda _: operations)
