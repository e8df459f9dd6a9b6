"""The API: predictions that follow the champion, their log, and operations with rights of their own."""

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from bikecast import discovery
from bikecast.names import DATA_COVERAGE_KEY, DatabaseRole, Output, Variable
from infra_cdk.constructs.api import STAGE, PredictorApi, allowed_origins
from infra_cdk.constructs.functions.function import PythonFunction
from infra_cdk.constructs.functions.layers import Layers
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.constructs.storage.queue import PrivateQueue
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack
from infra_cdk.stacks.database import DatabaseStack
from infra_cdk.stacks.storage import StorageStack
from infra_cdk.stacks.training import TrainingStack
from infra_cdk.versions import code_version

CAPTURE_TIMEOUT_S = 30
# A database may be away for so long before its rows become dead letters.
CAPTURE_PATIENCE_S = 900
# API Gateway waits 29 s at most.
API_TIMEOUT_S = 28


class ServingStack(BikecastStack):
    """Predict, capture, operate; the predictor can start no training, operations can predict nothing."""

    def __init__(
        self,
        scope: Construct,
        *,
        use_case: str,
        settings: InfraSettings,
        storage: StorageStack,
        database: DatabaseStack,
        training: TrainingStack,
    ) -> None:
        super().__init__(
            scope,
            "serving",
            settings=settings,
            description=f"bikecast: the API of {use_case} and its log",
            use_case=use_case,
        )
        self.use_case = use_case
        self._layers = Layers(self, "Layers", settings=settings)
        self.dead_letters = PrivateQueue(self, "CaptureDeadLetters", settings=settings)
        suppress_nag(self.dead_letters, {"AwsSolutions-SQS3": "This is the dead-letter queue."})
        self.queue = PrivateQueue(
            self,
            "Capture",
            settings=settings,
            visibility=cdk.Duration.seconds(settings.redelivery_s),
            dead_letters=self.dead_letters,
            tries=CAPTURE_PATIENCE_S // settings.redelivery_s,
        )
        self.predict = self._predict(storage)
        self.capture = self._capture(database)
        self.training_key = apigateway.ApiKey(self, "TrainingKey")
        self.operate = self._operate(storage=storage, training=training)
        cdk.Annotations.of(self.predict).acknowledge_warning(
            "@aws-cdk/aws-lambda:snapStartRequirePublish", "the alias below names the published version"
        )
        live = lambda_.Alias(self, "Live", alias_name="live", version=self.predict.current_version)
        self.api = PredictorApi(
            self,
            "Api",
            predictor=live,
            operations=self.operate,
            training_key=self.training_key,
            settings=settings,
        )
        self._outputs()
        self._serve_at(settings.environment.domain_of(use_case))

    @property
    def functions(self) -> dict[str, lambda_.IFunction]:
        """This stack's functions by role."""
        return {"predict": self.predict, "capture_predictions": self.capture, "operate": self.operate}

    def _predict(self, storage: StorageStack) -> PythonFunction:
        function = PythonFunction(
            self,
            "Predict",
            name="predict",
            layers=self._layers,
            packages="predict",
            use_cases=(self.use_case,),
            settings=self.settings,
            environment={
                Variable.USE_CASE: self.use_case,
                Variable.SERVING_BUCKET: storage.serving.bucket_name,
                Variable.CAPTURE_QUEUE_URL: self.queue.queue_url,
                Variable.CODE_VERSION: code_version(self, "lambdas/predict"),
                Variable.ALLOWED_ORIGINS: allowed_origins(self),
            },
            timeout_s=API_TIMEOUT_S,
            memory_mb=1769,  # one whole processor
            snap_start=True,
        )
        storage.serving.let_read(function.parts.role)
        self.queue.grant_send_messages(function)
        return function

    def _capture(self, database: DatabaseStack) -> PythonFunction:
        function = PythonFunction(
            self,
            "CapturePredictions",
            name="capture_predictions",
            layers=self._layers,
            packages="database",
            settings=self.settings,
            environment=database.postgres.login(DatabaseRole.CAPTURE),
            timeout_s=CAPTURE_TIMEOUT_S,
            memory_mb=512,
            placement=database.placement,
        )
        database.postgres.allow_connections(function, DatabaseRole.CAPTURE)
        function.add_event_source(
            event_sources.SqsEventSource(
                self.queue,
                batch_size=100,
                max_batching_window=cdk.Duration.seconds(1),
                max_concurrency=2,  # two connections to the small database are plenty
                report_batch_item_failures=True,
            )
        )
        return function

    def _operate(self, *, storage: StorageStack, training: TrainingStack) -> PythonFunction:
        function = PythonFunction(
            self,
            "OperateApi",
            name="operate",
            layers=self._layers,
            packages="api",
            use_cases=(self.use_case,),
            settings=self.settings,
            environment={
                Variable.USE_CASE: self.use_case,
                # All that are here, not those deployed with it: another deployment changes no function.
                Variable.USE_CASES: ",".join(discovery.names()),
                Variable.DATA_BUCKET: storage.data.bucket_name,
                Variable.REPORTS_BUCKET: storage.reports.bucket_name,
                Variable.RETRAIN_STATE_MACHINE_ARN: training.retrain.state_machine_arn,
                Variable.CODE_VERSION: code_version(self, "lambdas/operate"),
                Variable.TRAINING_KEY_ID: self.training_key.key_id,
                Variable.ALLOWED_ORIGINS: allowed_origins(self),
            },
            timeout_s=API_TIMEOUT_S,
            memory_mb=1024,
        )
        storage.reports.let_read(function.parts.role)
        storage.data.let_read(function.parts.role, keys=(DATA_COVERAGE_KEY,))
        training.retrain.grant_start_execution(function)
        training.retrain.grant(function, "states:ListExecutions")
        training.retrain.grant_read_history(function.parts.role)
        return function

    def _serve_at(self, domain: str | None) -> None:
        certificate_arn = self.settings.environment.certificate_arn
        if domain is None or certificate_arn is None:
            self.export_outputs({Output.API_URL: self.api.url})
            return
        alias = self.api.serve_at(domain, certificate_arn=certificate_arn).domain_name_alias_domain_name
        self.export_outputs({Output.API_URL: f"https://{domain}/", Output.API_DOMAIN_ALIAS: alias})

    def _outputs(self) -> None:
        self.export_outputs(
            {
                Output.API_ID: self.api.rest_api_id,
                Output.API_STAGE: STAGE,
                Output.API_KEY_ID: self.api.key.key_id,
                Output.TRAINING_KEY_ID: self.training_key.key_id,
                Output.CAPTURE_QUEUE_URL: self.queue.queue_url,
                Output.CAPTURE_DEAD_LETTER_QUEUE_URL: self.dead_letters.queue_url,
            }
        )
        self.export_log_groups(
            {
                "predict": self.predict.logs,
                "capture_predictions": self.capture.logs,
                "operate": self.operate.logs,
                "api": self.api.access_log,
            }
        )
