"""A task definition made by CloudFormation keeps its containers' secrets.

AWS: ``Secrets`` of a container, each with ``Name`` and ``ValueFrom``, become variables of the container.
MiniStack: it reads them by their API names (``name``, ``valueFrom``) but takes over CloudFormation's
spelling, so that the variables are missing without a word.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-ecs-taskdefinition-secret.html
"""

import functools
from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from local_cloud.fidelity.anchors import require


def apply() -> None:
    """Spell the secrets as the ECS API does."""
    require(provisioners._normalize_container_defs, 'elif camel == "environment"')
    require(ecs._resolve_container_secrets, 'secret.get("valueFrom"')
    provisioners._normalize_container_defs = _spelling(provisioners._normalize_container_defs)


def _spelling(normalize: Any) -> Any:
    @functools.wraps(normalize)
    def spell(definitions: Any) -> Any:
        containers = normalize(definitions)
        for container in containers:
            secrets = container.get("secrets") or []
            container["secrets"] = [{provisioners._cfn_to_camel(k): v for k, v in s.items()} for s in secrets]
        return containers

    return spell
