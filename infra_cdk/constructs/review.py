"""Findings of the rule sets that are suppressed, each with its reason beside the construct it is about."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct


def imported(construct: cdk.Resource, attribute: str) -> str:
    """Return the name under which other stacks import an attribute; findings call a resource by it."""
    stack = construct.stack
    return str(stack.resolve(stack.export_value(attribute))["Fn::ImportValue"])


def function_versions(function: lambda_.IFunction) -> dict[str, str]:
    """Return the acceptance of a state machine's right to invoke any version of one function."""
    logical_id = cdk.Stack.of(function).get_logical_id(cast("cdk.CfnElement", function.node.default_child))
    return {f"AwsSolutions-IAM5[Resource::<{logical_id}.Arn>:*]": "Any version of this one function."}


def suppress_nag(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings on a construct and all below it.

    Args:
        construct: The smallest construct that the reasons hold for.
        reasons: Rule, or ``Rule[finding]``, to the reason in one sentence.

    Raises:
        ValueError: A reason is not a sentence.
    """
    for rule, reason in reasons.items():
        if not reason.endswith("."):
            raise ValueError(f"say in a sentence why {rule} does not apply (got {reason!r})")
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
