"""State machines that log every step, and the steps they have in common."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.constructs.review import function_versions, imported, suppress_nag
from infra_cdk.settings import InfraSettings


class Machine(sfn.StateMachine):
    """A standard state machine; its log has every event but not the data that flows.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        definition: First state or chain.
        settings: The target.
        timeout: End of the longest execution.
        invokes: Functions among its states.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        definition: sfn.IChainable,
        settings: InfraSettings,
        timeout: cdk.Duration,
        invokes: Sequence[lambda_.IFunction] = (),
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
            tracing_enabled=settings.xray,
            timeout=timeout,
        )
        self.log_group = log_group
        suppress_nag(self.role, {"AwsSolutions-IAM5[Resource::*]": WILDCARDS})
        for function in invokes:
            suppress_nag(self.role, function_versions(function))

    def grant_read_history(self, role: iam.IRole) -> None:
        """Let a role see how this machine's executions are doing."""
        name = self.state_machine_name
        executions = cdk.Stack.of(role).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["states:DescribeExecution"], resources=[executions])
        )
        arn = f"arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{imported(self, name)}:*"
        suppress_nag(role, {f"AwsSolutions-IAM5[Resource::{arn}]": "Executions of this one machine."})


def ask(scope: Construct, construct_id: str, function: lambda_.IFunction) -> tasks.LambdaInvoke:
    """Return a state that gives a function an execution's whole input, and its name, for the trace."""
    told = {"request": sfn.JsonPath.object_at("$"), "execution": sfn.JsonPath.execution_name}
    return tasks.LambdaInvoke(
        scope,
        construct_id,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(told),
        payload_response_only=True,
    )


WILDCARDS = (
    "Log delivery, X-Ray and ECS's StopTask and DescribeTasks offer no resource that is known beforehand."
)
