"""Ingest: find the raw files, count the months' trips in containers side by side, publish the tables.

The container that publishes goes on to what follows demand; what fails there has states of its own.
"""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import MONTHS_AT_A_TIME, Step, result_name
from infra_cdk.constructs.jobs.job import Job, JobStep
from infra_cdk.constructs.jobs.machine import ask
from infra_cdk.machines.failures import FailurePath, fail_by_name

TIMEOUT = cdk.Duration.days(2)
FOLLOWING = (Step.REFRESH_LEVEL, Step.RECORD_ACTUALS)


class Ingest(Construct):
    """States of the ingest machine; ``start`` is the first.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        job: The training container.
        plan: Function that lists the raw files and groups them.
    """

    def __init__(self, scope: Construct, construct_id: str, *, job: Job, plan: lambda_.IFunction) -> None:
        super().__init__(scope, construct_id)
        self._job = job
        failed = FailurePath(self, "Failure", machine="ingest", job=job)
        checked = ask(self, "FindFiles", plan)
        months, publish = self._months(), self._publish()
        after = sfn.Parallel(self, "FollowDemand", result_path=sfn.JsonPath.DISCARD)
        after.branch(self._refresh(), self._record())
        failed.catch(months)
        failed.catch_step(publish)
        failed.catch(after)
        report = sfn.Pass(self, "Report", input_path=f"$.done.{result_name(Step.PUBLISH_TABLES)}")
        is_followed = sfn.Condition.is_present(f"$.done.{result_name(FOLLOWING[-1])}")
        followed = sfn.Choice(self, "IsFollowed").when(is_followed, report).otherwise(after.next(report))
        self.start = checked.next(months).next(publish).next(followed)

    def _months(self) -> sfn.Map:
        months = sfn.Map(
            self,
            "Months",
            items_path="$.batches",
            max_concurrency=MONTHS_AT_A_TIME,
            result_path=sfn.JsonPath.DISCARD,
        )
        month = self._job.state(
            self,
            "IngestMonth",
            JobStep(
                step=Step.INGEST_MONTH,
                input_path="$",
                result_path="$",
                timeout=cdk.Duration.hours(4),
                retry_lost=True,
            ),
        )
        return months.item_processor(self._named(month))

    def _publish(self) -> sfn.TaskStateBase:
        return self._job.state(
            self,
            "PublishTables",
            JobStep(
                step=Step.PUBLISH_TABLES,
                input_path="$.publish",
                result_path="$.done",
                timeout=cdk.Duration.hours(2),
                retry_lost=True,
                then=FOLLOWING,
            ),
        )

    def _named(self, step: sfn.TaskStateBase) -> sfn.TaskStateBase:
        return fail_by_name(self, step, job=self._job)

    def _record(self) -> sfn.TaskStateBase:
        """What was predicted for these hours is judged, by whichever version."""
        record = self._job.state(
            self,
            "RecordActuals",
            JobStep(
                step=Step.RECORD_ACTUALS,
                input_path="$.publish",
                result_path=sfn.JsonPath.DISCARD,
                timeout=cdk.Duration.hours(1),
                retry_lost=True,
            ),
        )
        return self._named(record)

    def _refresh(self) -> sfn.TaskStateBase:
        """The champion's level follows the demand that has just arrived."""
        refresh = self._job.state(
            self,
            "RefreshLevel",
            JobStep(
                step=Step.REFRESH_LEVEL,
                input_path="$.publish",
                result_path=sfn.JsonPath.DISCARD,
                timeout=cdk.Duration.hours(1),
                retry_lost=True,
            ),
        )
        refresh.add_retry(errors=["ConflictError"], max_attempts=3, interval=cdk.Duration.seconds(1))
        return self._named(refresh)
