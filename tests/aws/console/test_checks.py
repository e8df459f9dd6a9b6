"""What cannot succeed is refused in the command's own words, and nothing is started for it."""

import datetime as dt
import json

import pytest

from bikecast.errors import DeploymentError, InputError
from bikecast.monitoring.windows import WEEK, Window
from bikecast.names import AUTOMATION_KEY, CHAMPION_KEY, DASHBOARD_SUMMARY_KEY, Output
from bikecast.registry.automation import AutomationSwitch
from bikecast.registry.manifest import Previous, manifest_bytes
from bikecast.storage import S3Store
from console.cloud.session import Cloud
from console.monitoring import monitor
from console.training.checks import require_rollback
from tests.aws.console.test_executions import PASSES, create_machine
from tests.aws.console.test_outputs import deploy_stack
from tests.aws.console.test_training import load_days
from tests.unit.serving.world import promote, published
from use_cases.citibike.console.checks import require_period, require_windows

BUCKETS = {
    "data": Output.DATA_BUCKET,
    "serving": Output.SERVING_BUCKET,
    "reports": Output.REPORTS_BUCKET,
}
NOW = dt.datetime(2025, 7, 10, tzinfo=dt.UTC)


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    """Buckets alone: no state machine stands, so nothing can be started."""
    for name in BUCKETS:
        cloud.s3.create_bucket(Bucket=name)
    deploy_stack(cloud, "bikecast-storage", {output: name for name, output in BUCKETS.items()})
    load_days(cloud, "2025-01-01", "2025-03-31")
    return cloud


def put(cloud: Cloud, bucket: str, key: str, value: object) -> None:
    cloud.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(value).encode())


@pytest.mark.parametrize(
    ("monday", "processed", "refused"),
    [
        ("2025-03-31", True, False),
        ("2025-04-07", True, True),
        ("2025-04-07", False, False),  # predictions may have been logged
        ("2025-07-14", False, True),
        ("2030-01-07", False, True),
    ],
)
def test_windows_beyond_the_data_are_refused(
    deployed: Cloud, monday: str, processed: bool, refused: bool
) -> None:
    start = dt.datetime.fromisoformat(monday)
    windows = [Window(start, start + WEEK)]
    if not refused:
        require_windows(deployed, windows, processed=processed, now=NOW)
        return
    with pytest.raises(InputError, match=f"{monday} to .* demand is known until 2025-03-31"):
        require_windows(deployed, windows, processed=processed, now=NOW)


def test_a_period_needs_a_champion_and_days_in_order(deployed: Cloud) -> None:
    day = dt.date(2025, 3, 3)
    with pytest.raises(InputError, match="--from 2025-03-03 is after --to 2025-03-02"):
        require_period(deployed, day, day - dt.timedelta(days=1))
    with pytest.raises(DeploymentError, match="no model serves"):
        require_period(deployed, day, day)


def test_a_rollback_goes_to_a_version_that_was_promoted_before(deployed: Cloud) -> None:
    with pytest.raises(DeploymentError, match="no model serves"):
        require_rollback(deployed, None, force=False)
    store = S3Store(deployed.s3, "serving")
    promote(store, published(store, "1", scale=1.0))
    with pytest.raises(InputError, match="works once two models have been promoted"):
        require_rollback(deployed, None, force=False)
    promote(store, published(store, "2", scale=2.0))
    require_rollback(deployed, None, force=False)
    require_rollback(deployed, "1", force=False)
    with pytest.raises(InputError, match="--to 2: this version serves already"):
        require_rollback(deployed, "2", force=False)
    with pytest.raises(InputError, match="--to 99: this version was never promoted; promoted before: 1"):
        require_rollback(deployed, "99", force=False)
    require_rollback(deployed, "99", force=True)
    deployed.s3.put_object(Bucket="serving", Key=CHAMPION_KEY, Body=b"{")
    require_rollback(deployed, "2", force=False)
    with pytest.raises(InputError, match="promoted before: 2, 1"):
        require_rollback(deployed, None, force=False)


def test_a_rollback_among_champions_of_older_code(deployed: Cloud) -> None:
    serving = S3Store(deployed.s3, "serving")
    first, second = (published(serving, version, scale=1.0) for version in ("1", "2"))
    serving.write("models/1/manifest.json", manifest_bytes(first))
    previous = Previous(version="1", manifest_key="models/1/manifest.json")
    serving.write(CHAMPION_KEY, manifest_bytes(second.model_copy(update={"previous": previous})))
    require_rollback(deployed, "1", force=False)
    with pytest.raises(InputError, match="--to 3: this version was never promoted"):
        require_rollback(deployed, "3", force=False)


def test_resuming_what_is_not_paused_starts_nothing(deployed: Cloud) -> None:
    assert monitor.resume_automation(deployed, reason="why not")["resumed"] is False
    body = AutomationSwitch(paused=True, reason="errors doubled").model_dump_json().encode()
    deployed.s3.put_object(Bucket="serving", Key=AUTOMATION_KEY, Body=body)
    with pytest.raises(DeploymentError, match="OperateStateMachineArn"):
        monitor.resume_automation(deployed, reason="it is over")


def test_only_an_open_incident_can_be_closed(deployed: Cloud) -> None:
    machine = create_machine(deployed, PASSES)
    deploy_stack(deployed, "bikecast-training", {Output.OPERATE_STATE_MACHINE_ARN: machine})
    incidents = [{"id": "a", "status": "open"}, {"id": "b", "status": "closed"}]
    put(deployed, "reports", DASHBOARD_SUMMARY_KEY, {"incidents": incidents})
    with pytest.raises(InputError, match="no open incident has the id b: open are a"):
        monitor.close_incident(deployed, "b", reason="over")
    monitor.close_incident(deployed, "a", reason="over")
    runs = deployed.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    assert {run["name"].rsplit("-", 2)[0] for run in runs} == {"refresh-dashboard", "close-incident"}
