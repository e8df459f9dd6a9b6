"""Buckets that only our own roles reach, by TLS, encrypted, with versions."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra_cdk.constructs.review import imported, suppress_nag
from infra_cdk.settings import InfraSettings


class PrivateBucket(s3.Bucket):
    """A private bucket.

    Args:
        scope: Parent construct.
        construct_id: Name within the parent.
        settings: The target.
        logs: Where requests are logged; ``None`` for the log bucket itself.
        old_versions_days: How long an overwritten or deleted object can be had back.
        expire_days: Age at which objects are deleted, or ``None`` to keep them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: InfraSettings,
        logs: s3.IBucket | None = None,
        old_versions_days: int = 30,
        expire_days: int | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=settings.require_tls,
            versioned=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=logs,
            server_access_logs_prefix=f"{construct_id}/" if logs else None,
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
            lifecycle_rules=[_rule(old_versions_days=old_versions_days, expire_days=expire_days)],
        )

    def let_read(self, role: iam.IRole, *, keys: Sequence[str] = ("*",)) -> None:
        """Let a role read the objects whose keys match, and tell a missing object from a forbidden one."""
        self._allow(role, ["s3:GetObject"], keys=keys)
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket_arn])
        )

    def let_write(self, role: iam.IRole, *, keys: Sequence[str] = ("*",)) -> None:
        """Let a role write and delete the objects whose keys match."""
        self._allow(role, ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], keys=keys)

    def _allow(self, role: iam.IRole, actions: list[str], *, keys: Sequence[str]) -> None:
        objects = [self.arn_for_objects(key) for key in keys]
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=objects))
        name = imported(self, self.bucket_arn)
        for key in keys:
            if "*" in key:
                suppress_nag(
                    role, {f"AwsSolutions-IAM5[Resource::{name}/{key}]": "Objects are named by their data."}
                )


def _rule(*, old_versions_days: int, expire_days: int | None) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
        noncurrent_version_expiration=cdk.Duration.days(old_versions_days),
        expiration=cdk.Duration.days(expire_days) if expire_days else None,
    )
