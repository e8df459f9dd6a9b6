"""The drift monitor, the clock, alarms and the dashboard."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast.names import (
    AUTOMATION_KEY,
    DEFAULT_USE_CASE,
    DatabaseRole,
    Output,
    Step,
    Variable,
    use_case_prefix,
)
from infra_cdk.constructs.functions.function import ImageFunction
from infra_cdk.constructs.functions.images import monitor_image
from infra_cdk.constructs.jobs.machine import Machine
from infra_cdk.constructs.watching.alarms import Alarms
from infra_cdk.constructs.watching.dashboard import OperationsDashboard
from infra_cdk.machines import monitor
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack
from infra_cdk.stacks.database import DatabaseStack
from infra_cdk.stacks.serving import ServingStack
from infra_cdk.stacks.storage import StorageStack
from infra_cdk.stacks.training import TrainingStack
from infra_cdk.versions import code_version

# A complete week is there on Monday morning in New York.
MONITOR_SCHEDULE = events.Schedule.cron(week_day="MON", hour="10", minute="0")
# Before the morning in New York, after the night's weather models.
OUTLOOK_SCHEDULE = events.Schedule.cron(hour="9", minute="0")
# The publisher's files of a month appear in the first days of the next.
RETRAIN_SCHEDULE = events.Schedule.cron(day="10", hour="11", minute="0")


class MonitoringStack(BikecastStack):
    """The monitor machine over one image function, and what people look at."""

    def __init__(
        self,
        scope: Construct,
        *,
        use_case: str,
        settings: InfraSettings,
        storage: StorageStack,
        database: DatabaseStack,
        training: TrainingStack,
        serving: ServingStack,
    ) -> None:
        super().__init__(
            scope,
            "monitoring",
            settings=settings,
            description=f"bikecast: drift, alarms and dashboard of {use_case}",
            use_case=use_case,
        )
        self.use_case = use_case
        self.judges = {} if settings.judge_as_step else {"monitor_drift": self._judge(storage, database)}
        self.monitor = self._monitor(training)
        self._schedule("MonitorWeekly", MONITOR_SCHEDULE, self.monitor, execution_input={"act": True})
        self._schedule(
            "RetrainMonthly", RETRAIN_SCHEDULE, training.retrain, execution_input={"use_case": use_case}
        )
        if use_case == DEFAULT_USE_CASE:
            self._schedule(
                "OutlookDaily",
                OUTLOOK_SCHEDULE,
                training.operate,
                execution_input={"step": Step.PUBLISH_OUTLOOK, "input": {}},
            )
        self.dashboard = self._watch(training=training, serving=serving, database=database)
        self._outputs()

    def _monitor(self, training: TrainingStack) -> Machine:
        judge = self.judges.get("monitor_drift") or training.job
        steps = monitor.Monitor(
            self, "MonitorSteps", use_case=self.use_case, judge=judge, retrain=training.retrain
        )
        return Machine(
            self,
            "Monitor",
            definition=steps.start,
            settings=self.settings,
            timeout=monitor.TIMEOUT,
            invokes=list(self.judges.values()),
        )

    def _watch(
        self, *, training: TrainingStack, serving: ServingStack, database: DatabaseStack
    ) -> OperationsDashboard:
        functions = serving.functions | self.judges
        machines: dict[str, sfn.IStateMachine] = {"monitor": self.monitor}
        # What all use cases share is watched beside the default one, once.
        is_first = self.use_case == DEFAULT_USE_CASE
        if is_first:
            machines = training.machines | machines
        Alarms(
            self,
            "Alarms",
            use_case=self.use_case,
            topic=training.notifications.topic,
            functions=functions,
            machines=machines,
            dead_letters=serving.dead_letters,
            api=serving.api,
            database=database.instance if is_first else None,
        )
        return OperationsDashboard(
            self,
            "Dashboard",
            use_case=self.use_case,
            functions=functions,
            machines=machines,
            api=serving.api,
            queue=serving.queue,
            dead_letters=serving.dead_letters,
        )

    def _outputs(self) -> None:
        self.export_outputs(
            {
                Output.MONITOR_STATE_MACHINE_ARN: self.monitor.state_machine_arn,
                Output.DASHBOARD_NAME: self.dashboard.dashboard_name,
            }
        )
        of_functions = {role: judge.logs for role, judge in self.judges.items()}
        self.export_log_groups({**of_functions, "monitor": self.monitor.log_group})

    def _judge(self, storage: StorageStack, database: DatabaseStack) -> ImageFunction:
        function = ImageFunction(
            self,
            "MonitorDrift",
            name="monitor_drift",
            code=monitor_image(),
            settings=self.settings,
            environment={
                Variable.USE_CASE: self.use_case,
                Variable.DATA_BUCKET: storage.data.bucket_name,
                Variable.SERVING_BUCKET: storage.serving.bucket_name,
                Variable.REPORTS_BUCKET: storage.reports.bucket_name,
                **database.postgres.login(DatabaseRole.MONITOR),
                Variable.CODE_VERSION: code_version(self, "lambdas/monitor_drift"),
            },
            timeout_s=600,
            memory_mb=3008,
            placement=database.placement,
        )
        database.postgres.allow_connections(function, DatabaseRole.MONITOR)
        role = function.parts.role
        for bucket in (storage.data, storage.serving, storage.reports):
            bucket.let_read(role)
        # The switch that pauses promotion; never a model or the manifest.
        storage.serving.let_write(role, keys=(f"{use_case_prefix(self.use_case)}{AUTOMATION_KEY}",))
        storage.reports.let_write(role)
        return function

    def _schedule(
        self,
        construct_id: str,
        schedule: events.Schedule,
        machine: Machine,
        *,
        execution_input: Mapping[str, object],
    ) -> None:
        """Start a machine by the clock; the input says at least one thing: LocalStack drops an empty one."""
        rule = events.Rule(self, construct_id, schedule=schedule, enabled=self.settings.schedules)
        rule.add_target(
            targets.SfnStateMachine(
                machine,
                input=events.RuleTargetInput.from_object(dict(execution_input)),
                retry_attempts=3,
                max_event_age=cdk.Duration.hours(2),
            )
        )
