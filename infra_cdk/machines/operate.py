"""Operate: one container step that a person asked for, inside the network where the database is."""

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import Step
from infra_cdk.constructs.jobs.job import Job, JobStep
from infra_cdk.machines.events import PublishEvents
from infra_cdk.machines.failures import SILENT, lost_step

TIMEOUT = cdk.Duration.hours(6)
# Steps of the other machines need what their predecessors hand them.
OF_OTHER_MACHINES = frozenset(
    {
        Step.INGEST_MONTH,
        Step.PUBLISH_TABLES,
        Step.PREPARE,
        Step.TUNE,
        Step.TRAIN,
        Step.EVALUATE,
        Step.PROMOTE,
        Step.JUDGE_WINDOWS,
    }
)
# These return events to publish: the container itself may not.
TELLING = frozenset({Step.RESUME_AUTOMATION})


class Operate(Construct):
    """States of the operate machine; ``start`` is the first. Input: ``{"step": ..., "input": {...}}``."""

    def __init__(self, scope: Construct, construct_id: str, *, job: Job) -> None:
        super().__init__(scope, construct_id)
        steps = [step for step in Step if step not in OF_OTHER_MACHINES]
        choice = sfn.Choice(self, "WhichStep")
        for step in steps:
            state = _state(self, job=job, step=step)
            begin = _name_execution(self).next(state) if step is Step.ROLLBACK else state
            choice.when(sfn.Condition.string_equals("$.step", step), begin)
            if step in TELLING:
                state.next(PublishEvents(self, "PublishEvents"))
            if step is Step.ROLLBACK:
                done = sfn.Succeed(self, "Done")
                state.next(job.refresh_dashboard(self, "ShowRollback", input_path="$", following=done))
        unknown = sfn.Fail(
            self, "UnknownStep", error="InputError", cause=f"step: must be one of {', '.join(steps)}"
        )
        self.start: sfn.IChainable = choice.otherwise(unknown)


def _state(scope: Construct, *, job: Job, step: Step) -> sfn.TaskStateBase:
    name = "".join(word.capitalize() for word in step.split("-"))
    failure = lost_step(name, job=job)
    lost = sfn.Fail(scope, f"{name}Lost", error=failure["Error"], cause=failure["Cause"])
    asked = JobStep(
        step=step,
        input_path="$.input",
        result_path="$",
        timeout=cdk.Duration.hours(4),
        retry_lost=step is Step.ROLLBACK,
    )
    state = job.state(scope, name, asked)
    state.add_catch(lost, errors=list(SILENT), result_path=sfn.JsonPath.DISCARD)
    return state


def _name_execution(scope: Construct) -> sfn.Pass:
    """Give the step its execution's name, by which a repeated attempt knows what an earlier one did."""
    return sfn.Pass(scope, "NameRollback", input_path="$$.Execution.Name", result_path="$.input.execution")
