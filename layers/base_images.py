"""The images that ours are built on, each in one place; a Dockerfile gets its own as ``BASE_IMAGE``.

A tag may stand for something else tomorrow, a digest never does. To look one up where a registry answers:
``docker buildx imagetools inspect NAME --format '{{json .Manifest.Digest}}'``.
"""

from dataclasses import dataclass

AWS_PYTHON = "3.13"
ARGUMENT = "BASE_IMAGE"


@dataclass(frozen=True)
class BaseImage:
    """An image of somebody else's.

    Attributes:
        name: Registry, repository and tag, for people.
        digest: What the tag stood for when it was looked up; ``None`` if it never was.
    """

    name: str
    digest: str | None = None

    @property
    def reference(self) -> str:
        """What a build starts from."""
        return f"{self.name}@{self.digest}" if self.digest else self.name


BASE_IMAGES = {
    "training_job/Dockerfile": BaseImage(f"docker.io/library/python:{AWS_PYTHON}-slim"),
    "lambdas/monitor_drift/Dockerfile": BaseImage(f"public.ecr.aws/lambda/python:{AWS_PYTHON}"),
}
