"""Who may deploy from the repository's workflows: one role an environment, without any stored key."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from bikecast.names import STACK_PREFIX

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# The CDK's own roles of bootstrap: they deploy, publish assets and look things up.
BOOTSTRAP = "cdk-hnb659fds"
OPERATE = "Operate"  # the machine that migrates the database; its name is generated from this
DEPLOYING = ("deploy", "file-publishing", "image-publishing", "lookup")
DRIFT = "drift"


class DeliveryStack(cdk.Stack):
    """The trust in one GitHub repository, and for each environment a role to deploy and one to compare.

    Only a job in the GitHub environment of its name takes on a role, so that environment's approvals hold.

    Args:
        scope: Parent construct.
        repository: ``owner/name``.
        environments: Names of the environments.
    """

    def __init__(self, scope: Construct, *, repository: str, environments: Sequence[str]) -> None:
        super().__init__(
            scope, f"{STACK_PREFIX}delivery", description="bikecast: roles of the delivery workflows"
        )
        self._repository = repository
        self._provider = iam.CfnOIDCProvider(
            self, "GitHub", url=f"https://{ISSUER}", client_id_list=[AUDIENCE]
        )
        for name in environments:
            deployer = self._role(f"Deploy{name.title()}", github_environment=name)
            self._let_use_bootstrap(deployer, kinds=DEPLOYING)
            _let_finish(deployer)
            reader = self._role(f"Compare{name.title()}", github_environment=f"{name}-{DRIFT}")
            self._let_use_bootstrap(reader, kinds=("lookup",))

    def _role(self, construct_id: str, *, github_environment: str) -> iam.Role:
        subject = f"repo:{self._repository}:environment:{github_environment}"
        claims = {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": subject}}
        role = iam.Role(
            self,
            construct_id,
            description=f"Workflows of {self._repository} in environment {github_environment}",
            assumed_by=iam.WebIdentityPrincipal(self._provider.attr_arn, conditions=claims),
            max_session_duration=cdk.Duration.hours(1),
        )
        cdk.CfnOutput(self, f"{construct_id}RoleArn", value=role.role_arn)
        return role

    def _let_use_bootstrap(self, role: iam.Role, *, kinds: Sequence[str]) -> None:
        roles = [
            f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/"
            f"{BOOTSTRAP}-{kind}-role-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}"
            for kind in kinds
        ]
        role.add_to_policy(iam.PolicyStatement(actions=["sts:AssumeRole"], resources=roles))


def _let_finish(role: iam.Role) -> None:
    """Let ``bikecast deploy`` see its stacks, migrate the database and read the keys that it puts out."""
    region, account = cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID
    states = f"arn:{cdk.Aws.PARTITION}:states:{region}:{account}"
    statements = {
        "cloudformation:DescribeStacks": "*",  # listing has no resource level
        "states:StartExecution": f"{states}:stateMachine:{OPERATE}*",
        "states:DescribeExecution": f"{states}:execution:{OPERATE}*:*",
        "states:GetExecutionHistory": f"{states}:execution:{OPERATE}*:*",
        "apigateway:GET": f"arn:{cdk.Aws.PARTITION}:apigateway:{region}::/apikeys/*",
    }
    for action, resource in statements.items():
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
