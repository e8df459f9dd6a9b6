"""Retrain: check the request, prepare, tune in parallel, train, judge, perhaps ask a person, promote, tell.

``$.job`` holds what every step gets as its input; each step adds its small result to it. A container that has
trained goes on to evaluate, and one that has promoted to refresh the dashboard: starting another would take
longer than they do. What failed there runs once more in its own state, which names it and tries it again.
"""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from bikecast.names import Event, Step, result_name
from infra_cdk.constructs.jobs.job import Job, JobStep
from infra_cdk.constructs.jobs.machine import ask
from infra_cdk.machines.events import PublishEvent
from infra_cdk.machines.failures import FailurePath, fail_by_name

APPROVAL_DAYS = 7
TIMEOUT = cdk.Duration.days(APPROVAL_DAYS + 2)


class Retrain(Construct):
    """States of the retrain machine; ``start`` is the first.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        job: The training container.
        plan: Function that checks the request; it fails the execution at once, field by field.
        approvals: Queue where a waiting approval is found.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, job: Job, plan: lambda_.IFunction, approvals: sqs.IQueue
    ) -> None:
        super().__init__(scope, construct_id)
        self._job = job
        self._failure = FailurePath(self, "Failure", machine="retrain", job=job)
        judge = self._judge(approvals)
        evaluate = self._step("Evaluate", Step.EVALUATE, hours=2).next(judge)
        self.start = (
            self._plan(plan)
            .next(self._step("Prepare", Step.PREPARE, hours=1))
            .next(self._tune())
            .next(self._step("Train", Step.TRAIN, hours=6, then=Step.EVALUATE))
            .next(self._unless_done("IsEvaluated", Step.EVALUATE, following=judge, otherwise=evaluate))
        )

    def _plan(self, plan: lambda_.IFunction) -> sfn.Chain:
        checked = ask(self, "CheckRequest", plan)
        shape = sfn.Pass(
            self,
            "Plan",
            parameters={
                "job": {
                    "request": sfn.JsonPath.object_at("$.request"),
                    "execution": sfn.JsonPath.string_at("$.execution"),
                },
                "workers": sfn.JsonPath.object_at("$.workers"),
            },
        )
        return checked.next(shape)

    def _step(
        self, name: str, step: Step, *, hours: int, then: Step | None = None, retry_lost: bool = False
    ) -> sfn.TaskStateBase:
        state = self._job.state(
            self,
            name,
            JobStep(
                step=step,
                input_path="$.job",
                result_path="$.job" if then else f"$.job.{result_name(step)}",
                timeout=cdk.Duration.hours(hours),
                retry_lost=retry_lost,
                then=(then,) if then else (),
            ),
        )
        self._failure.catch_step(state)
        return state

    def _unless_done(
        self, name: str, step: Step, *, following: sfn.IChainable, otherwise: sfn.IChainable
    ) -> sfn.Choice:
        """Go on to what follows where the container before has done the step, else to its own state."""
        is_done = sfn.Condition.is_present(f"$.job.{result_name(step)}")
        return sfn.Choice(self, name).when(is_done, following).otherwise(otherwise)

    def _tune(self) -> sfn.Map:
        workers = sfn.Map(
            self,
            "Tune",
            items_path="$.workers",
            item_selector={
                "request": sfn.JsonPath.object_at("$.job.request"),
                "execution": sfn.JsonPath.string_at("$.job.execution"),
                "prepare": sfn.JsonPath.object_at("$.job.prepare"),
                "worker": sfn.JsonPath.number_at("$$.Map.Item.Value.worker"),
            },
            max_concurrency=self._job.settings.tuning_concurrency,
            result_path="$.tune",
        )
        workers.item_processor(self._worker())
        self._failure.catch(workers)
        return workers

    def _worker(self) -> sfn.TaskStateBase:
        worker = self._job.state(
            self,
            "TuneWorker",
            JobStep(
                step=Step.TUNE,
                input_path="$",
                result_path="$",
                timeout=cdk.Duration.hours(12),
                on_spot=True,
                retry_lost=True,
            ),
        )
        return fail_by_name(self, worker, job=self._job)

    def _judge(self, approvals: sqs.IQueue) -> sfn.Chain:
        # Between the manifest and what follows it a lost step must not be the last word.
        promote = self._step("Promote", Step.PROMOTE, hours=1, then=Step.REFRESH_DASHBOARD, retry_lost=True)
        promote.next(self._tell())
        ask = self._ask(approvals, promote=promote)
        wanted = sfn.Condition.and_(
            sfn.Condition.string_equals("$.job.evaluate.decision", "promote"),
            sfn.Condition.boolean_equals("$.job.request.approval", True),
        )
        return sfn.Chain.start(sfn.Choice(self, "IsApprovalNeeded").when(wanted, ask).otherwise(promote))

    def _ask(self, approvals: sqs.IQueue, *, promote: sfn.IChainable) -> sfn.Chain:
        """Wait for a person; silence means no, and the record says so."""
        ask = tasks.SqsSendMessage(
            self,
            "WaitForApproval",
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
            queue=approvals,
            message_body=_question(),
            task_timeout=sfn.Timeout.duration(cdk.Duration.days(APPROVAL_DAYS)),
            result_path="$.job.approval",
        )
        silence = {"decision": "reject", "by": "nobody", "reason": f"no answer in {APPROVAL_DAYS} days"}
        refused = sfn.Pass(
            self, "NobodyApproved", result=sfn.Result.from_object(silence), result_path="$.job.approval"
        )
        ask.add_catch(refused, errors=[sfn.Errors.TIMEOUT], result_path=sfn.JsonPath.DISCARD)
        self._failure.catch(ask)
        refused.next(promote)
        return ask.next(promote)

    def _tell(self) -> sfn.Chain:
        detail = {
            "execution": sfn.JsonPath.string_at("$.job.execution"),
            "version": sfn.JsonPath.object_at("$.job.evaluate.version"),
            "promote": sfn.JsonPath.object_at("$.job.promote"),
            "reason": sfn.JsonPath.format(
                "version {} {}: {}",
                sfn.JsonPath.string_at("$.job.evaluate.version"),
                sfn.JsonPath.string_at("$.job.promote.decision"),
                sfn.JsonPath.string_at("$.job.promote.reason"),
            ),
        }
        done = sfn.Pass(self, "Done", input_path="$.job")
        refresh = self._job.refresh_dashboard(self, "ShowDecision", input_path="$.job", following=done)
        shown = self._unless_done("IsShown", Step.REFRESH_DASHBOARD, following=done, otherwise=refresh)
        promoted = PublishEvent(self, "PublishPromoted", event=Event.MODEL_PROMOTED, detail=detail)
        rejected = PublishEvent(self, "PublishRejected", event=Event.MODEL_REJECTED, detail=detail)
        for publish in (promoted, rejected):
            publish.add_catch(shown, result_path=sfn.JsonPath.DISCARD)
            publish.next(shown)
        was_promoted = sfn.Condition.string_equals("$.job.promote.decision", "promoted")
        return sfn.Chain.start(
            sfn.Choice(self, "WasPromoted").when(was_promoted, promoted).otherwise(rejected)
        )


def _question() -> sfn.TaskInput:
    return sfn.TaskInput.from_object(
        {
            "task_token": sfn.JsonPath.task_token,
            "execution": sfn.JsonPath.string_at("$.job.execution"),
            "use_case": sfn.JsonPath.string_at("$.job.request.use_case"),
            "train": sfn.JsonPath.object_at("$.job.train"),
            "evaluate": sfn.JsonPath.object_at("$.job.evaluate"),
        }
    )
