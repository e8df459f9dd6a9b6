"""Two environments side by side on one embedded cloud, and what is left when they are destroyed."""

from collections.abc import Iterator

import pytest

from tests.deployment import Deployment, deployed
from tests.remains import left

pytestmark = [pytest.mark.e2e, pytest.mark.on_demand]


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Deployment, Deployment]]:
    with deployed(logs="environments-logs") as default:
        staging = Deployment(
            env=default.env | {"BIKECAST_ENV": "staging"}, state_dir=default.state_dir, log=default.log
        )
        staging.bikecast("deploy")
        yield default, staging


def test_two_environments_live_apart_and_destroying_them_leaves_nothing(
    both: tuple[Deployment, Deployment],
) -> None:
    default, staging = both
    for name in ("api_url", "api_key", "retrain_state_machine", "buckets", "database", "log_groups"):
        assert default.outputs[name] != staging.outputs[name]
    default.client("s3").put_object(
        Bucket=default.outputs["buckets"]["reports"], Key="a.txt", Body=b"something to delete"
    )
    staging.bikecast("destroy", "--yes")
    assert default.bikecast("outputs") == default.outputs, "the other environment is untouched"
    default.bikecast("destroy", "--yes")
    assert left(default) == {}
