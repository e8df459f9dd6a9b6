"""Ingestion, retraining and operations: what runs steps, and the state machines over it."""

from collections.abc import Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from bikecast import discovery
from bikecast.names import Containers, Output, Prefix, TaskVariable, Variable
from infra_cdk.constructs.functions.function import PythonFunction
from infra_cdk.constructs.functions.images import training_image
from infra_cdk.constructs.functions.layers import Layers
from infra_cdk.constructs.jobs.container_job import ContainerJob
from infra_cdk.constructs.jobs.job import Job
from infra_cdk.constructs.jobs.machine import Machine
from infra_cdk.constructs.jobs.worker_job import WorkerJob
from infra_cdk.constructs.json_text import json_object
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.constructs.storage.database import OWNER, PostgresDatabase, let_set_passwords, passwords
from infra_cdk.constructs.storage.queue import PrivateQueue
from infra_cdk.constructs.watching.notifications import Notifications
from infra_cdk.machines import ingest, operate, retrain
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack
from infra_cdk.stacks.database import DatabaseStack
from infra_cdk.stacks.network import NetworkStack
from infra_cdk.stacks.storage import StorageStack
from infra_cdk.versions import code_version


class TrainingStack(BikecastStack):
    """The training job and its three state machines."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: InfraSettings,
        storage: StorageStack,
        database: DatabaseStack,
    ) -> None:
        super().__init__(
            scope, "training", settings=settings, description="bikecast: ingest, retrain, operate"
        )
        self._storage = storage
        self.notifications = Notifications(self, "Notifications", settings=settings)
        self.job = self._job(database)
        self._let_job_use_storage()
        let_set_passwords(database.postgres, self.job.role)
        layers = Layers(self, "Layers", settings=settings)
        self.plan_retraining = self._planner(
            "plan_retraining", layers=layers, environment={}, packages="predict"
        )
        self.plan_ingestion = self._planner(
            "plan_ingestion", layers=layers, environment={Variable.DATA_BUCKET: storage.data.bucket_name}
        )
        storage.data.let_read(self.plan_ingestion.parts.role, keys=[f"{Prefix.RAW}*"])
        self.approvals = PrivateQueue(self, "Approvals", settings=settings)
        suppress_nag(
            self.approvals, {"AwsSolutions-SQS3": "A person answers these; the state machine ends the wait."}
        )
        self._machines()
        self._outputs()

    @property
    def machines(self) -> dict[str, sfn.IStateMachine]:
        """This stack's state machines by role."""
        return {"retrain": self.retrain, "ingest": self.ingest, "operate": self.operate}

    def _job(self, database: DatabaseStack) -> Job:
        if self.settings.containers is Containers.WORKER:
            return self._worker_job(database)
        assert database.network is not None  # settings_for sees to it
        assert isinstance(database.postgres, PostgresDatabase)
        return self._container_job(database.postgres, network=database.network)

    def _worker_job(self, database: DatabaseStack) -> WorkerJob:
        job = WorkerJob(self, "Job", settings=self.settings)
        database.postgres.admit_owner(job.role)
        self.export_outputs(
            {
                Output.WORKER_QUEUE_URL: job.queue.queue_url,
                Output.WORKER_ROLE_ARN: job.role.role_arn,
                Output.WORKER_ENVIRONMENT: json_object(self._worker_environment(database)),
            }
        )
        return job

    def _worker_environment(self, database: DatabaseStack) -> dict[str, str]:
        """Return what a worker cannot know from the other outputs: buckets and database are among them."""
        return {
            **self._facts(),
            Variable.DATABASE_SSLMODE: database.postgres.location()[Variable.DATABASE_SSLMODE],
            TaskVariable.HEARTBEAT_S: str(self.settings.heartbeat_interval_s),
        }

    def _container_job(self, postgres: PostgresDatabase, *, network: NetworkStack) -> ContainerJob:
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
            enable_fargate_capacity_providers=self.settings.spot_tuning,
        )
        password = ecs.Secret.from_secrets_manager(postgres.owner_secret, "password")
        return ContainerJob(
            self,
            "Job",
            cluster=cluster,
            image=training_image(),
            security_group=network.jobs,
            environment={
                **self._storage.names(),
                **postgres.location(),
                **passwords(postgres),
                Variable.DATABASE_USER: OWNER,
                **self._facts(),
            },
            secrets={Variable.DATABASE_PASSWORD: password},
            settings=self.settings,
        )

    def _facts(self) -> dict[str, str]:
        return {
            Variable.CODE_VERSION: code_version(self, "training_job"),
            "AWS_REGION": Aws.REGION,
            "DO_NOT_TRACK": "1",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **self.settings.tracing("training_job"),
        }

    def _let_job_use_storage(self) -> None:
        storage, role = self._storage, self.job.role
        storage.data.let_read(role)
        storage.data.let_write(role, keys=WRITTEN_BY_JOB)
        for bucket in (storage.artifacts, storage.serving, storage.reports):
            bucket.let_read(role)
            bucket.let_write(role)

    def _planner(
        self,
        name: str,
        *,
        layers: Layers,
        environment: dict[str, str],
        packages: str = "functions",
    ) -> PythonFunction:
        return PythonFunction(
            self,
            "".join(word.capitalize() for word in name.split("_")),
            name=name,
            layers=layers,
            packages=packages,
            use_cases=discovery.names(),
            settings=self.settings,
            environment=environment,
            timeout_s=60,
            memory_mb=512,
        )

    def _machines(self) -> None:
        retraining = retrain.Retrain(
            self, "RetrainSteps", job=self.job, plan=self.plan_retraining, approvals=self.approvals
        )
        ingesting = ingest.Ingest(self, "IngestSteps", job=self.job, plan=self.plan_ingestion)
        operating = operate.Operate(self, "OperateSteps", job=self.job)
        self.retrain = self._machine(
            "Retrain", retraining.start, timeout=retrain.TIMEOUT, invokes=[self.plan_retraining]
        )
        self.ingest = self._machine(
            "Ingest", ingesting.start, timeout=ingest.TIMEOUT, invokes=[self.plan_ingestion]
        )
        self.operate = self._machine("Operate", operating.start, timeout=operate.TIMEOUT)

    def _machine(
        self,
        construct_id: str,
        start: sfn.IChainable,
        *,
        timeout: Duration,
        invokes: Sequence[PythonFunction] = (),
    ) -> Machine:
        return Machine(
            self, construct_id, definition=start, settings=self.settings, timeout=timeout, invokes=invokes
        )

    def _outputs(self) -> None:
        self.export_outputs(
            {
                Output.RETRAIN_STATE_MACHINE_ARN: self.retrain.state_machine_arn,
                Output.INGEST_STATE_MACHINE_ARN: self.ingest.state_machine_arn,
                Output.OPERATE_STATE_MACHINE_ARN: self.operate.state_machine_arn,
                Output.NOTIFICATION_TOPIC_ARN: self.notifications.topic.topic_arn,
                Output.APPROVAL_QUEUE_URL: self.approvals.queue_url,
            }
        )
        self.export_log_groups(
            {
                "job": self.job.log_group,
                "plan_retraining": self.plan_retraining.logs,
                "plan_ingestion": self.plan_ingestion.logs,
                "retrain": self.retrain.log_group,
                "ingest": self.ingest.log_group,
                "operate_machine": self.operate.log_group,
            }
        )


# The publishers' own files are never changed.
WRITTEN_BY_JOB = tuple(f"{prefix}*" for prefix in Prefix if prefix not in (Prefix.RAW, Prefix.FILES))
