"""The training job's steps in state machines, however they run; each waits for the step's own answer."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import Failure, Step
from infra_cdk.constructs.logs import ExpiringLogGroup
from infra_cdk.settings import InfraSettings

# ECS or the queue had no capacity or was busy, or the database is restarting: the next try may succeed.
TRANSIENT = (
    "ECS.AmazonECSException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.ClientException",
    "SQS.AmazonSQSException",
    "SQS.SdkClientException",
    "OperationalError",
)
# The container was stopped (spot capacity taken back), its process was killed, or it died without a word.
LOST = ("Stopped", Failure.CONTAINER_LOST, sfn.Errors.HEARTBEAT_TIMEOUT)
# LocalStack's name for a missing heartbeat; elsewhere a step that ran over its limit, which resumes once.
OVERDUE = (sfn.Errors.TIMEOUT,)
# AWS documents no resource level for these three; who holds a task's token may answer that task and no other.
ANSWERS = iam.PolicyStatement(
    actions=["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"], resources=["*"]
)


@dataclass(frozen=True, kw_only=True)
class JobStep:
    """One step of the job in a state machine.

    Attributes:
        step: Command of the job.
        input_path: Part of the state that the step gets as its input.
        result_path: Where the step's result goes.
        timeout: End of the longest run.
        on_spot: Run on spot capacity where the target has it.
        retry_lost: Start again when the container was lost; only for steps that resume.
        then: Steps that the same container goes on with. The result is then the input with each step's result
            by its name; one that failed is missing, and for it a state of its own follows.
    """

    step: Step
    input_path: str
    result_path: str
    timeout: cdk.Duration
    on_spot: bool = False
    retry_lost: bool = False
    then: tuple[Step, ...] = ()

    @property
    def command(self) -> list[str]:
        """What the container is told to run."""
        return [step.value for step in (self.step, *self.then)]


class Job(Construct):
    """What runs steps: ``ContainerJob`` or ``WorkerJob``.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        settings: The target.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: InfraSettings) -> None:
        super().__init__(scope, construct_id)
        self.settings = settings
        self.log_group = ExpiringLogGroup(self, "Logs")

    @property
    @abstractmethod
    def role(self) -> iam.IRole:
        """What a step may do."""

    @property
    @abstractmethod
    def _death(self) -> str:
        """What may have happened to a step that is silent, as a sentence without its end."""

    @property
    def why_lost(self) -> str:
        """What to tell a person about a step that was never heard of again."""
        return (
            f"{self._death} (nothing was heard of it for {self.settings.heartbeat_s} s), or it exceeded its "
            "time limit; its last lines are in the log group of role `job` (`bikecast logs job`)"
        )

    @abstractmethod
    def _start(self, scope: Construct, construct_id: str, step: JobStep) -> sfn.TaskStateBase:
        """Return the state that starts a step and waits for its answer."""

    def state(self, scope: Construct, construct_id: str, step: JobStep) -> sfn.TaskStateBase:
        """Return the state of one step, named by ``construct_id``.

        A step that dies silently is noticed by its missing heartbeat. Only transient errors are retried.
        """
        state = self._start(scope, construct_id, step)
        _retry(state, TRANSIENT, attempts=4, interval_s=5)
        if step.retry_lost:
            _retry(state, LOST, attempts=3, interval_s=2)
            _retry(state, OVERDUE, attempts=1, interval_s=2)
        return state

    def refresh_dashboard(
        self, scope: Construct, construct_id: str, *, input_path: str, following: sfn.State
    ) -> sfn.TaskStateBase:
        """Return a state that writes anew what the dashboard shows, and leaves the data as they were.

        ``input_path`` is the part of the state that names the use case, as a step's input does.

        It goes on to ``following`` whether it worked or not: a page that lags behind must not undo what it
        would show.
        """
        step = JobStep(
            step=Step.REFRESH_DASHBOARD,
            input_path=input_path,
            result_path=sfn.JsonPath.DISCARD,
            timeout=cdk.Duration.minutes(10),
        )
        state = self.state(scope, construct_id, step)
        state.add_catch(following, result_path=sfn.JsonPath.DISCARD)
        state.next(following)
        return state


def _retry(state: sfn.TaskStateBase, errors: Sequence[str], *, attempts: int, interval_s: int) -> None:
    state.add_retry(
        errors=list(errors),
        max_attempts=attempts,
        interval=cdk.Duration.seconds(interval_s),
        backoff_rate=2,
        max_delay=cdk.Duration.minutes(2),
        jitter_strategy=sfn.JitterType.FULL,
    )
