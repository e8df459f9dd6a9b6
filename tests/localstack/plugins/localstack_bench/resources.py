"""Resources of CloudFormation that LocalStack's open release does not know, made at once."""

from typing import Any

from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from . import surroundings


class StandIn(ResourceProvider):  # type: ignore[misc]  # LocalStack ships no types
    """A resource whose subclass fills in what AWS would say of it."""

    def describe(self, request: ResourceRequest, model: dict[str, Any]) -> dict[str, Any]:
        """Make the resource, or change it, and return its attributes."""
        raise NotImplementedError

    def create(self, request: ResourceRequest) -> ProgressEvent:
        """Make it."""
        return self._done(request, dict(request.desired_state))

    def update(self, request: ResourceRequest) -> ProgressEvent:
        """Change it."""
        return self._done(request, {**request.previous_state, **request.desired_state})

    def delete(self, request: ResourceRequest) -> ProgressEvent:
        """Forget it."""
        return ProgressEvent(
            status=OperationStatus.SUCCESS, resource_model={}, custom_context=request.custom_context
        )

    def _done(self, request: ResourceRequest, model: dict[str, Any]) -> ProgressEvent:
        return ProgressEvent(
            status=OperationStatus.SUCCESS,
            resource_model=model | self.describe(request, model),
            custom_context=request.custom_context,
        )


def plugin(provider: type[StandIn], kind: str) -> type[CloudFormationResourceProviderPlugin]:
    """Return the plugin by which LocalStack finds a resource; without stand-ins it finds none."""

    class Found(CloudFormationResourceProviderPlugin):  # type: ignore[misc]  # LocalStack ships no types
        name = kind

        def __init__(self) -> None:
            self.factory: type[StandIn] | None = None

        def should_load(self) -> bool:
            return surroundings.with_stand_ins()

        def load(self) -> None:
            self.factory = provider

    return Found


def generated_name(request: ResourceRequest) -> str:
    """Return the name of a resource that was given none."""
    return f"{request.stack_name}-{request.logical_resource_id}"
