"""An AWS account in memory, whose state machines really run their definition."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from bikecast.names import Target
from console.cloud.session import Cloud

REGION = "us-east-1"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield Cloud(
            Target.AWS,
            boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION),
        )
