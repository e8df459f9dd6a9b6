"""Taking an environment down: what goes, what stays with its price, and what else goes on request."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bikecast.names import SHARED_STACKS, USE_CASE_STACKS, stack_name
from console.cloud.session import Cloud
from console.deployment.teardown import (
    BUCKET,
    DATABASE,
    KEY,
    data_resources,
    destroy,
    stacks_to_destroy,
    what_stays,
)
from console.settings import console_settings

TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Data": {"Type": BUCKET, "DeletionPolicy": "Retain"},
        "Scratch": {"Type": BUCKET, "DeletionPolicy": "Delete"},
        "Key": {"Type": KEY, "DeletionPolicy": "Retain", "Properties": {"KeyPolicy": {}}},
    }
}
DATABASE_TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Database": {
            "Type": DATABASE,
            "DeletionPolicy": "Snapshot",
            "Properties": {
                "DBInstanceIdentifier": "bikecast",
                "Engine": "postgres",
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": "20",
                "MasterUsername": "owner",
                "MasterUserPassword": "password",
                "DeletionProtection": True,
            },
        }
    }
}


@pytest.fixture
def staging(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Two stacks of staging and one of prod."""
    monkeypatch.setenv("BIKECAST_ENV", "staging")
    console_settings.cache_clear()
    for name, template in (
        ("bikecast-staging-storage", TEMPLATE),
        ("bikecast-staging-database", DATABASE_TEMPLATE),
        ("bikecast-prod-storage", TEMPLATE),
    ):
        cloud.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    yield cloud
    console_settings.cache_clear()


def take_down(cloud: Cloud, *, everything: bool) -> None:
    stacks = stacks_to_destroy(cloud)
    destroy(cloud, stacks, data_resources(cloud, stacks), everything=everything)


def buckets(cloud: Cloud) -> set[str]:
    return {bucket["Name"] for bucket in cloud.s3.list_buckets()["Buckets"]}


def of(cloud: Cloud, stack: str, logical: str) -> str:
    resources = cloud.cloudformation.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    return next(each["PhysicalResourceId"] for each in resources if each["LogicalResourceId"] == logical)


def test_stacks_that_use_others_go_first_and_those_of_other_environments_stay(staging: Cloud) -> None:
    names = [stack.name for stack in stacks_to_destroy(staging)]
    assert names == ["bikecast-staging-database", "bikecast-staging-storage"]


def test_every_stack_that_an_environment_may_have_has_its_place(staging: Cloud) -> None:
    wanted = [stack_name(each, environment="staging") for each in (*SHARED_STACKS, *USE_CASE_STACKS)]
    for name in set(wanted) - {stack.name for stack in stacks_to_destroy(staging)}:
        staging.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(TEMPLATE))
    assert [stack.name for stack in stacks_to_destroy(staging)] == wanted[::-1]


def test_what_the_policies_keep_is_listed_with_a_months_price(staging: Cloud) -> None:
    staging.s3.put_object(
        Bucket=of(staging, "bikecast-staging-storage", "Data"), Key="a", Body=b"0" * 5_000_000
    )
    kept = what_stays(staging, data_resources(staging, stacks_to_destroy(staging)))
    priced = {each.kind: each.usd_a_month for each in kept}
    assert priced == {DATABASE: 1.90, KEY: 1.00, BUCKET: 0.0}
    assert of(staging, "bikecast-staging-storage", "Scratch") not in {each.name for each in kept}


def test_everything_removes_buckets_with_their_versions_keys_and_snapshots(staging: Cloud) -> None:
    data, key = (of(staging, "bikecast-staging-storage", name) for name in ("Data", "Key"))
    staging.s3.put_bucket_versioning(Bucket=data, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        staging.s3.put_object(Bucket=data, Key="a", Body=body)
    staging.s3.delete_object(Bucket=data, Key="a")
    others = {of(staging, "bikecast-prod-storage", name) for name in ("Data", "Scratch")}
    take_down(staging, everything=True)
    assert buckets(staging) == others
    kms, rds = staging.session.client("kms"), staging.session.client("rds")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert rds.describe_db_snapshots()["DBSnapshots"] == []


def test_a_bucket_that_goes_is_emptied_before_its_stack_and_what_is_kept_keeps_its_objects(
    staging: Cloud,
) -> None:
    scratch, data = (of(staging, "bikecast-staging-storage", name) for name in ("Scratch", "Data"))
    for bucket in (scratch, data):
        staging.s3.put_object(Bucket=bucket, Key="a", Body=b"something")
    take_down(staging, everything=False)
    assert scratch not in buckets(staging)
    assert staging.s3.get_object(Bucket=data, Key="a")["Body"].read() == b"something"
