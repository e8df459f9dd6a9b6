"""State machines that log every step, and the steps they have in common."""

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.constructs.review import accept
from infra_cdk.settings import InfraSettings


class Machine(sfn.StateMachine):
    """A standard state machine; its log has every event but not the data that flows.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        definition: First state or chain.
        settings: The target.
        timeout: End of the longest execution.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        definition: sfn.IChainable,
        settings: InfraSettings,
        timeout: cdk.Duration,
    ) -> None:
        log_group = ExpiringLogGroup(
            scope,
            f"{construct_id}Logs",
            name=f"/aws/vendedlogs/states/{cdk.Stack.of(scope).stack_name}-{construct_id}",
        )
        super().__init__(
            scope,
            construct_id,
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False),
            tracing_enabled=settings.tracing,
            timeout=timeout,
        )
        self.log_group = log_group
        accept(self.role, {"AwsSolutions-IAM5[Resource::*]": WILDCARDS})


WILDCARDS = (
    "Log delivery, X-Ray and ECS's StopTask and DescribeTasks offer no resource that is known beforehand."
)
