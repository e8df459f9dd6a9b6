"""The base of every stack: name, synthesizer, and outputs that the console reads."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from bikecast.names import DEFAULT_USE_CASE, Output, stack_name
from infra_cdk.constructs.json_text import json_object
from infra_cdk.constructs.naming import name_environment
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.settings import InfraSettings


class BikecastStack(cdk.Stack):
    """A stack named after its concern, and after its use case where each has one."""

    def __init__(
        self,
        scope: Construct,
        concern: str,
        *,
        settings: InfraSettings,
        description: str,
        use_case: str = DEFAULT_USE_CASE,
    ) -> None:
        synthesizer = cdk.CliCredentialsStackSynthesizer() if settings.cli_credentials else None
        super().__init__(
            scope,
            stack_name(concern, use_case, environment=settings.environment.name),
            description=description,
            synthesizer=synthesizer,
        )
        self.settings = settings
        name_environment(self, settings.environment.name)
        cdk.Tags.of(self).add("project", "bikecast")
        suppress_nag(self, _left_out(settings))

    def export_outputs(self, values: Mapping[Output, str]) -> None:
        """Name values that people and programs look up."""
        for output, value in values.items():
            cdk.CfnOutput(self, output.value, value=value)

    def export_log_groups(self, groups: Mapping[str, logs.ILogGroup]) -> None:
        """Name this stack's log groups by role, as a JSON object."""
        names = {role: group.log_group_name for role, group in groups.items()}
        self.export_outputs({Output.LOG_GROUPS: json_object(names)})


def _left_out(settings: InfraSettings) -> dict[str, str]:
    """Return what a target leaves out and the rules therefore miss; on AWS that is nothing."""
    left_out: dict[str, str] = {}
    if not settings.require_tls:
        left_out |= dict.fromkeys(("AwsSolutions-S10", "AwsSolutions-SQS4", "AwsSolutions-SNS3"), PLAIN_HTTP)
    if not settings.xray:
        left_out |= dict.fromkeys(("AwsSolutions-SF2", "AwsSolutions-APIG7"), "Emulators have no X-Ray.")
    if not settings.flow_logs:
        left_out["AwsSolutions-VPC7"] = "Emulators have no flow logs."
    if not settings.keep_data:
        left_out["AwsSolutions-RDS10"] = "Emulated databases are thrown away with their stack."
    return left_out


PLAIN_HTTP = "Emulators answer over plain HTTP on loopback."
