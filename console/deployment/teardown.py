"""Taking an environment down: what goes, what the policies keep and what that costs, and removing it, too."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bikecast.errors import DeploymentError
from bikecast.names import SHARED_STACKS, USE_CASE_STACKS
from console import ui
from console.cloud.outputs import Stack, read_stacks
from console.cloud.session import Cloud
from console.deployment.costs import KMS_KEY_MONTH

# List prices in USD a GB and month, us-east-1. Source: aws.amazon.com/<service>/pricing.
S3_GB_MONTH, SNAPSHOT_GB_MONTH = 0.023, 0.095
GB = 1e9
BUCKET, DATABASE, KEY = "AWS::S3::Bucket", "AWS::RDS::DBInstance", "AWS::KMS::Key"
KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")
DELETE_AT_ONCE = 1_000  # objects of one request, S3's limit
KEY_DELETION_DAYS = 7  # KMS's shortest
POLL_S, PATIENCE_S = 2, 3_600  # a database takes a quarter of an hour, network interfaces longer


@dataclass(frozen=True)
class Resource:
    """One deployed resource that holds data; ``kept`` where its policy lets it outlive its stack."""

    kind: str
    name: str
    kept: bool


@dataclass(frozen=True)
class Kept:
    """What would stay, and what it costs a month."""

    kind: str
    name: str
    usd_a_month: float


def stacks_to_destroy(cloud: Cloud) -> list[Stack]:
    """Return the chosen environment's stacks, those first that use others."""
    order = [*reversed(USE_CASE_STACKS), *reversed(SHARED_STACKS)]

    def place(stack: Stack) -> int:
        return next(index for index, concern in enumerate(order) if f"-{concern}" in stack.name)

    return sorted(read_stacks(cloud.cloudformation), key=place)


def data_resources(cloud: Cloud, stacks: list[Stack]) -> list[Resource]:
    """Return the buckets, databases and keys of the stacks, by what their templates say."""
    return [resource for stack in stacks for resource in _of_stack(cloud, stack.name)]


def _of_stack(cloud: Cloud, stack: str) -> Iterator[Resource]:
    body: Any = cloud.cloudformation.get_template(StackName=stack)["TemplateBody"]
    declared = (json.loads(body) if isinstance(body, str) else dict(body))["Resources"]
    pages = cloud.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for found in (each for page in pages for each in page["StackResourceSummaries"]):
        if found["ResourceType"] in (BUCKET, DATABASE, KEY) and "PhysicalResourceId" in found:
            policy = declared.get(found["LogicalResourceId"], {}).get("DeletionPolicy")
            yield Resource(found["ResourceType"], found["PhysicalResourceId"], policy in KEEPING)


def what_stays(cloud: Cloud, resources: list[Resource]) -> list[Kept]:
    """Return what the policies keep, with a month's price by its size today."""
    return [Kept(each.kind, each.name, round(_price(cloud, each), 2)) for each in resources if each.kept]


def _price(cloud: Cloud, resource: Resource) -> float:
    if resource.kind == BUCKET:
        versions = cloud.s3.get_paginator("list_object_versions").paginate(Bucket=resource.name)
        size = sum(each.get("Size", 0) for page in versions for each in page.get("Versions", []))
        return size / GB * S3_GB_MONTH
    if resource.kind == DATABASE:
        [found] = _rds(cloud).describe_db_instances(DBInstanceIdentifier=resource.name)["DBInstances"]
        return float(found["AllocatedStorage"]) * SNAPSHOT_GB_MONTH
    return KMS_KEY_MONTH


def destroy(cloud: Cloud, stacks: list[Stack], resources: list[Resource], *, everything: bool) -> None:
    """Delete the stacks, then what they kept if ``everything`` is to go.

    Raises:
        DeploymentError: A stack could not be deleted; what is left can be destroyed by the same command.
    """
    _unprotect(cloud, resources)
    for bucket in resources:
        if bucket.kind == BUCKET and not bucket.kept:
            _empty(cloud, bucket.name)
    with ui.activity("destroy") as current:
        for stack in stacks:
            _delete_stack(cloud, stack.name)
            current.step(stack.name)
        if everything:
            for kept in (each for each in resources if each.kept):
                _remove(cloud, kept)
                current.step(kept.name)


def _unprotect(cloud: Cloud, resources: list[Resource]) -> None:
    """Allow the deletion of kept databases: CloudFormation takes their last snapshot."""
    for each in resources:
        if each.kind == DATABASE and each.kept:
            _rds(cloud).modify_db_instance(
                DBInstanceIdentifier=each.name, DeletionProtection=False, ApplyImmediately=True
            )


def _delete_stack(cloud: Cloud, name: str) -> None:
    from botocore.exceptions import WaiterError

    cloud.cloudformation.delete_stack(StackName=name)
    try:
        waiter = cloud.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": POLL_S, "MaxAttempts": PATIENCE_S // POLL_S})
    except WaiterError as err:
        raise DeploymentError(
            f"stack {name} was not deleted: {err}; "
            f"`aws cloudformation describe-stack-events --stack-name {name}` names the resource. "
            "Mend it, then run `bikecast destroy` again"
        ) from err


def _remove(cloud: Cloud, resource: Resource) -> None:
    if resource.kind == BUCKET:
        _empty(cloud, resource.name)
        cloud.s3.delete_bucket(Bucket=resource.name)
    elif resource.kind == DATABASE:
        rds = _rds(cloud)
        found = rds.describe_db_snapshots(DBInstanceIdentifier=resource.name, SnapshotType="manual")
        for snapshot in found["DBSnapshots"]:
            rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])
    else:
        client = cloud.session.client("kms", endpoint_url=cloud.endpoint_url)
        client.schedule_key_deletion(KeyId=resource.name, PendingWindowInDays=KEY_DELETION_DAYS)


def _empty(cloud: Cloud, bucket: str) -> None:
    """Delete every version of every object."""
    pages = cloud.s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": DELETE_AT_ONCE}
    )
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys: Any = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if not keys:
            continue
        refused = cloud.s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}).get("Errors", [])
        if refused:
            key, why = refused[0].get("Key"), refused[0].get("Message")
            raise DeploymentError(f"bucket {bucket}: {key} was not deleted: {why}")


def _rds(cloud: Cloud) -> Any:
    return cloud.session.client("rds", endpoint_url=cloud.endpoint_url)
