"""The end of failed executions: errors under names of our own, each with its cause.

The language of state machines reserves names that begin with ``States.``, and LocalStack drops the cause of
whatever raises one again. So they are renamed here, and nowhere else.
"""

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import Event, Failure
from infra_cdk.constructs.jobs.job import Job
from infra_cdk.machines.events import PublishEvent

RESERVED = "States.*"
# A lost container; LocalStack calls a missing heartbeat by the other name, too.
SILENT = (sfn.Errors.HEARTBEAT_TIMEOUT, sfn.Errors.TIMEOUT)
ERROR, CAUSE = "$.failure.Error", "$.failure.Cause"
End = sfn.Fail | sfn.TaskStateBase


class NamedFailures(Construct):
    """Leads failures to an end, under names that may be raised again.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent, and beginning of the states' names.
        end: Where a failure goes; it is in ``$.failure``.
        job: What runs the steps.
    """

    def __init__(self, scope: Construct, construct_id: str, *, end: End, job: Job) -> None:
        super().__init__(scope, construct_id)
        self._end, self._job = end, job
        cause = sfn.JsonPath.format("{}: {}", sfn.JsonPath.string_at(ERROR), sfn.JsonPath.string_at(CAUSE))
        renamed = sfn.Pass(
            self,
            f"{construct_id}Renamed",
            parameters={"Error": Failure.MACHINE_ERROR, "Cause": cause},
            result_path="$.failure",
        )
        is_reserved = sfn.Condition.string_matches(ERROR, RESERVED)
        choice = sfn.Choice(self, f"Is{construct_id}Reserved")
        self._choice = choice.when(is_reserved, renamed.next(end)).otherwise(end)

    def catch(self, state: sfn.TaskStateBase | sfn.Map | sfn.Parallel) -> None:
        """Lead any failure of a state to the end."""
        state.add_catch(self._choice, result_path="$.failure")

    def catch_step(self, state: sfn.TaskStateBase) -> None:
        """Lead any failure of a step of the job to the end; a silent one gets a name and a cause."""
        lost = sfn.Pass(
            self,
            f"{state.id}Lost",
            result=sfn.Result.from_object(lost_step(state.id, job=self._job)),
            result_path="$.failure",
        )
        state.add_catch(lost.next(self._end), errors=list(SILENT), result_path=sfn.JsonPath.DISCARD)
        self.catch(state)


class FailurePath(NamedFailures):
    """The end of every failed execution: publish an event, then fail with the step's own error.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        machine: Whose executions fail.
        job: What runs the steps.
    """

    def __init__(self, scope: Construct, construct_id: str, *, machine: str, job: Job) -> None:
        end = _failed(scope, "Failed")
        publish = PublishEvent(
            scope, "PublishFailure", event=Event.TRAINING_FAILED, detail=_failure_of(machine)
        )
        # An event that cannot be published must not hide the failure.
        publish.add_catch(end, result_path=sfn.JsonPath.DISCARD)
        publish.next(end)
        super().__init__(scope, construct_id, end=publish, job=job)


def fail_by_name(scope: Construct, state: sfn.TaskStateBase, *, job: Job) -> sfn.TaskStateBase:
    """Return a step of a map or a branch whose failure ends that with its own error and cause."""
    end = _failed(scope, f"{state.id}Failed")
    NamedFailures(scope, f"{state.id}Failure", end=end, job=job).catch_step(state)
    return state


def lost_step(state: str, *, job: Job) -> dict[str, str]:
    """Return error and cause of a step that died without a word."""
    return {"Error": Failure.CONTAINER_LOST, "Cause": f"{state}: {job.why_lost}"}


def _failed(scope: Construct, name: str) -> sfn.Fail:
    return sfn.Fail(scope, name, error_path=ERROR, cause_path=CAUSE)


def _failure_of(machine: str) -> dict[str, object]:
    execution = sfn.JsonPath.string_at("$$.Execution.Name")
    error, cause = sfn.JsonPath.string_at(ERROR), sfn.JsonPath.string_at(CAUSE)
    reason = sfn.JsonPath.format(f"{machine} {{}} failed: {{}}: {{}}", execution, error, cause)
    return {"machine": machine, "execution": execution, "error": error, "cause": cause, "reason": reason}
