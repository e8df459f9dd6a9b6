"""Findings of the rule sets that we accept, each with its reason beside the construct it is about."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import IConstruct


def accept(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accept findings on a construct and all below it.

    Args:
        construct: The smallest construct that the reasons hold for.
        reasons: Rule, or ``Rule[finding]``, to the reason in one sentence.
    """
    for rule, reason in reasons.items():
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
