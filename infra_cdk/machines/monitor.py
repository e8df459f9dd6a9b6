"""Monitor: judge one window, publish what was found, start a retraining if the verdict asks for one."""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import Step
from infra_cdk.constructs.jobs.job import Job, JobStep
from infra_cdk.constructs.jobs.machine import ask
from infra_cdk.machines.events import PublishEvents, try_again
from infra_cdk.machines.failures import fail_by_name

TIMEOUT = cdk.Duration.hours(1)


class Monitor(Construct):
    """States of the monitor machine; ``start`` is the first.

    Who judges calls no API: it returns its verdict with the events to publish (``$.events``:
    ``detail_type``, ``detail``) and, under ``$.retrain``, the input of a retraining to start.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        use_case: Whose windows are judged.
        judge: Function that compares them with their reference, or the job with a step that does.
        retrain: State machine to start when the verdict asks for it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        use_case: str,
        judge: lambda_.IFunction | Job,
        retrain: sfn.IStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        verdict = self._verdict_of_step(judge, use_case) if isinstance(judge, Job) else self._verdict(judge)
        done = sfn.Succeed(self, "Done")
        start = self._retraining(retrain).next(done)
        asked = sfn.Condition.and_(
            sfn.Condition.is_present("$.retrain"), sfn.Condition.is_not_null("$.retrain")
        )
        choice = sfn.Choice(self, "IsRetrainingAsked").when(asked, start).otherwise(done)
        self.start = verdict.next(PublishEvents(self, "PublishEvents")).next(choice)

    def _verdict(self, judge: lambda_.IFunction) -> sfn.Chain:
        return sfn.Chain.start(ask(self, "JudgeWindow", judge))

    def _verdict_of_step(self, job: Job, use_case: str) -> sfn.Chain:
        """All use cases share the job, so its step is told which one is judged."""
        told = sfn.Pass(
            self, "NameUseCase", result=sfn.Result.from_string(use_case), result_path="$.use_case"
        )
        step = JobStep(step=Step.JUDGE_WINDOWS, input_path="$", result_path="$", timeout=TIMEOUT)
        return told.next(fail_by_name(self, job.state(self, "JudgeWindow", step), job=job))

    def _retraining(self, retrain: sfn.IStateMachine) -> tasks.StepFunctionsStartExecution:
        """Start it under the name of this execution, so that a call whose answer is lost starts one."""
        start = tasks.StepFunctionsStartExecution(
            self,
            "StartRetraining",
            state_machine=retrain,
            name=sfn.JsonPath.execution_name,
            integration_pattern=sfn.IntegrationPattern.REQUEST_RESPONSE,
            input=sfn.TaskInput.from_json_path_at("$.retrain"),
            result_path="$.retraining",
        )
        try_again(start)
        return start
