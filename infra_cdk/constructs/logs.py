"""Log groups that end."""

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct


class ExpiringLogGroup(logs.LogGroup):
    """A log group that keeps three months and goes with its stack."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str | None = None) -> None:
        super().__init__(
            scope,
            construct_id,
            log_group_name=name,
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
