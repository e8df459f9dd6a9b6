"""The images that ours are built on, each in one place; a Dockerfile gets its own as ``BASE_IMAGE``.

A tag may stand for something else tomorrow, a digest never does: ``make image-digests`` writes them into
``base_images.json``, and a deployment of images to AWS is refused without them.
"""

import json
from dataclasses import dataclass
from pathlib import Path

AWS_PYTHON = "3.13"
ARGUMENT = "BASE_IMAGE"
DIGESTS = Path(__file__).with_suffix(".json")


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


def _base(name: str) -> BaseImage:
    return BaseImage(name, json.loads(DIGESTS.read_text()).get(name))


BASE_IMAGES = {
    "training_job/Dockerfile": _base(f"docker.io/library/python:{AWS_PYTHON}-slim"),
    "lambdas/monitor_drift/Dockerfile": _base(f"public.ecr.aws/lambda/python:{AWS_PYTHON}"),
}
