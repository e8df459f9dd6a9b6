"""One topic for events and alarms that people should know of."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from bikecast.names import Event
from infra_cdk.constructs.naming import event_source_of
from infra_cdk.settings import InfraSettings

PUBLISHERS = ("events.amazonaws.com", "cloudwatch.amazonaws.com")


class Notifications(Construct):
    """An encrypted topic, and the rule that forwards every event's reason to it."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: InfraSettings) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", master_key=_key(self, settings=settings), enforce_ssl=settings.require_tls
        )
        rule = events.Rule(
            self,
            "Forward",
            description="Events of ours become notifications",
            event_pattern=events.EventPattern(
                source=[event_source_of(self)], detail_type=[event.value for event in Event]
            ),
        )
        # By its name alone: the construct library would let the events of any account publish.
        named = sns.Topic.from_topic_arn(self, "Named", self.topic.topic_arn)
        rule.add_target(targets.SnsTopic(named, message=_sentence()))
        self._admit()
        for address in settings.environment.notify:
            self.topic.add_subscription(_subscription(address))

    def _admit(self) -> None:
        """Let alarms and events of this account publish, and nobody else's."""
        own = {"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}}
        for name in PUBLISHERS:
            principal = iam.ServicePrincipal(name, conditions=own)
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"], principals=[principal], resources=[self.topic.topic_arn]
                )
            )


def _subscription(address: str) -> sns.ITopicSubscription:
    if "@" in address:
        return subscriptions.EmailSubscription(address)
    return subscriptions.UrlSubscription(address)


def _sentence() -> events.RuleTargetInput:
    kind, reason = events.EventField.detail_type, events.EventField.from_path("$.detail.reason")
    return events.RuleTargetInput.from_text(f"bikecast {kind}: {reason}")


def _key(scope: Construct, *, settings: InfraSettings) -> kms.Key:
    """Return a key of our own: AWS's key for topics does not let alarms and events publish."""
    key = kms.Key(
        scope,
        "Key",
        description="bikecast notifications",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
    )
    # Without the condition of the topic's policy: EventBridge sends no source to KMS.
    for name in PUBLISHERS:
        key.grant_encrypt_decrypt(iam.ServicePrincipal(name))
    return key
