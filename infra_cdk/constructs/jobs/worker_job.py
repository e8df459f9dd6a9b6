"""Steps as messages: a worker on any machine takes them from a queue and answers by the task token."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import StepMessage
from infra_cdk.constructs.jobs.job import ANSWERS, Job, JobStep
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.constructs.storage.queue import PrivateQueue
from infra_cdk.settings import InfraSettings

# A message that breaks its reader this often is kept aside.
TRIES = 5


class WorkerJob(Job):
    """The queue, and the role of whoever works on it.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        settings: The target.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: InfraSettings) -> None:
        super().__init__(scope, construct_id, settings=settings)
        aside = PrivateQueue(self, "DeadLetters", settings=settings, once=True)
        suppress_nag(aside, {"AwsSolutions-SQS3": "This is the dead-letter queue."})
        # A worker that died leaves its messages to others; by then their tasks have noticed, too.
        visibility = cdk.Duration.seconds(2 * settings.heartbeat_s)
        self.queue = PrivateQueue(
            self,
            "Steps",
            settings=settings,
            visibility=visibility,
            dead_letters=aside,
            tries=TRIES,
            once=True,
        )
        self._role = iam.Role(
            self,
            "Worker",
            assumed_by=iam.AccountRootPrincipal(),
            description="bikecast worker: people and machines of this account that are allowed to assume it",
        )
        self.queue.grant_consume_messages(self._role)
        self.log_group.grant_write(self._role)
        self._role.add_to_policy(ANSWERS)
        suppress_nag(self._role, {"AwsSolutions-IAM5[Resource::*]": "A task's answer has no resource level."})

    @property
    def role(self) -> iam.IRole:
        """What a worker may do."""
        return self._role

    @property
    def _death(self) -> str:
        return "no worker took it (`bikecast worker`), or its process was killed or ran out of memory"

    def _start(self, scope: Construct, construct_id: str, step: JobStep) -> sfn.TaskStateBase:
        body = {
            StepMessage.STEP: " ".join(step.command),
            StepMessage.TOKEN: sfn.JsonPath.task_token,
            StepMessage.INPUT: sfn.JsonPath.object_at(step.input_path),
            StepMessage.EXECUTION: sfn.JsonPath.execution_name,
        }
        return tasks.SqsSendMessage(
            scope,
            construct_id,
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            queue=self.queue,
            message_group_id=sfn.JsonPath.uuid(),  # no step waits for another
            message_deduplication_id=sfn.JsonPath.uuid(),  # LocalStack tries again with the same token
            message_body=sfn.TaskInput.from_object({name.value: value for name, value in body.items()}),
            heartbeat_timeout=sfn.Timeout.duration(cdk.Duration.seconds(self.settings.heartbeat_s)),
            task_timeout=sfn.Timeout.duration(step.timeout),
            result_path=step.result_path,
        )
