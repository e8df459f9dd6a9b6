"""Buckets by role."""

from constructs import Construct

from bikecast.names import Bucket, Output, Prefix, Variable
from infra_cdk.constructs.review import suppress_nag
from infra_cdk.constructs.storage.bucket import PrivateBucket
from infra_cdk.settings import InfraSettings
from infra_cdk.stacks.base import BikecastStack

ACCESS_LOG_DAYS = 90


class StorageStack(BikecastStack):
    """Four private buckets, and one for their access logs."""

    def __init__(self, scope: Construct, *, settings: InfraSettings) -> None:
        super().__init__(
            scope, "storage", settings=settings, description="bikecast: data, artifacts, reports"
        )
        self.access_logs = PrivateBucket(
            self, "AccessLogs", settings=settings, old_versions_days=1, expire_days=ACCESS_LOG_DAYS
        )
        suppress_nag(self.access_logs, {"AwsSolutions-S1": "This is the bucket that access logs go to."})
        self._of = {role: self._bucket(role) for role in Bucket}
        self.data, self.artifacts = self._of[Bucket.DATA], self._of[Bucket.ARTIFACTS]
        self.serving, self.reports = self._of[Bucket.SERVING], self._of[Bucket.REPORTS]
        self.export_outputs(
            {
                Output.DATA_BUCKET: self.data.bucket_name,
                Output.ARTIFACTS_BUCKET: self.artifacts.bucket_name,
                Output.SERVING_BUCKET: self.serving.bucket_name,
                Output.REPORTS_BUCKET: self.reports.bucket_name,
            }
        )

    def names(self) -> dict[str, str]:
        """Return the environment that names every bucket."""
        return {
            Variable.DATA_BUCKET: self.data.bucket_name,
            Variable.ARTIFACTS_BUCKET: self.artifacts.bucket_name,
            Variable.SERVING_BUCKET: self.serving.bucket_name,
            Variable.REPORTS_BUCKET: self.reports.bucket_name,
        }

    def _bucket(self, role: Bucket) -> PrivateBucket:
        return PrivateBucket(self, _construct_id(role), settings=self.settings, logs=self.access_logs)


def _construct_id(role: Bucket) -> str:
    return "".join(word.capitalize() for word in role.split("-"))


def under(prefix: Prefix) -> str:
    """Return the object pattern of everything under a prefix."""
    return f"{prefix}*"
