"""What simulated data taught does not serve real demand."""

import pytest

from bikecast.errors import ArtifactError, DeploymentError
from bikecast.names import CHAMPION_HISTORY_PREFIX, CHAMPION_KEY, Output
from bikecast.storage import S3Store
from console.cloud.champions import champion_exists, read_champion, retire_simulated
from console.cloud.session import Cloud
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.serving.world import promote, published


@pytest.fixture
def serving(cloud: Cloud) -> Cloud:
    cloud.s3.create_bucket(Bucket="serving")
    deploy_stack(cloud, "bikecast-storage", {Output.SERVING_BUCKET: "serving"})
    return cloud


def test_before_the_first_promotion_there_is_none(serving: Cloud) -> None:
    assert not champion_exists(serving)
    with pytest.raises(DeploymentError, match="bikecast train"):
        read_champion(serving)


def test_what_real_data_taught_is_not_retired(serving: Cloud) -> None:
    store = S3Store(serving.s3, "serving")
    promote(store, published(store, "1", scale=1.0))
    retire_simulated(serving)
    assert read_champion(serving).version == "1"


def test_where_the_champion_cannot_be_read_the_simulated_ones_before_it_are_retired(serving: Cloud) -> None:
    store = S3Store(serving.s3, "serving")
    promote(store, published(store, "1", scale=1.0, simulated=True))
    serving.s3.put_object(Bucket="serving", Key=CHAMPION_KEY, Body=b"{")
    retire_simulated(serving)
    assert not champion_exists(serving)


def test_a_retired_champion_is_gone_and_retiring_again_changes_nothing(serving: Cloud) -> None:
    store = S3Store(serving.s3, "serving")
    promote(store, published(store, "1", scale=1.0, simulated=True))
    assert read_champion(serving).version == "1"
    retire_simulated(serving)
    retire_simulated(serving)
    assert not champion_exists(serving)
    assert len(list(store.keys(CHAMPION_HISTORY_PREFIX))) == 2
    with pytest.raises(DeploymentError, match="bikecast train"):
        read_champion(serving)


def test_a_damaged_manifest_is_named_and_so_is_the_way_out(serving: Cloud) -> None:
    serving.s3.put_object(Bucket="serving", Key=CHAMPION_KEY, Body=b"{}")
    assert champion_exists(serving)
    with pytest.raises(ArtifactError, match="rollback --to VERSION"):
        read_champion(serving)
