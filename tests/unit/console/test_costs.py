"""The bill follows from the templates and the use; nothing is charged that does not stand."""

import datetime as dt
import json

import pytest

from bikecast.names import STEP_ENDED, WORK_S
from console.cloud.logs import LogLine
from console.deployment.costs import Use, assumptions, estimate, work_hours

DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": "20"},
}
TASK = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "2048", "Memory": "8192"}}
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 1769}}
ALARM = {"Type": "AWS::CloudWatch::Alarm"}


def total(*resources: object, use: Use) -> float:
    template = {"Resources": {f"R{number}": resource for number, resource in enumerate(resources)}}
    return sum(line.usd for line in estimate([template], use=use))


def test_nothing_deployed_costs_nothing() -> None:
    assert estimate([], use=Use(container_hours=9, predictions=9)) == []


def test_a_small_database_costs_what_its_hours_and_storage_cost() -> None:
    assert total(DATABASE, use=Use(0, 0)) == pytest.approx(730 * 0.016 + 20 * 0.115, abs=0.01)


def test_container_steps_are_charged_by_the_hour() -> None:
    hourly = 2 * 0.04048 + 8 * 0.004445 + 0.005
    assert total(TASK, use=Use(container_hours=100, predictions=0)) == pytest.approx(100 * hourly, abs=0.01)


def test_start_and_work_of_container_steps_are_told_apart() -> None:
    template = {"Resources": {"Task": TASK}}
    work, start = estimate([template], use=Use(100, 0, work_hours=60))
    assert (work.quantity, start.quantity) == tuple(
        f"{h:.1f} h of 2 vCPU, 8 GB, not on spot" for h in (60, 40)
    )
    assert work.usd + start.usd == pytest.approx(total(TASK, use=Use(100, 0)), abs=0.01)


def test_workers_that_work_at_once_are_counted_once() -> None:
    noon = dt.datetime(2025, 4, 1, 12, tzinfo=dt.UTC)

    def ended(minute: int, work_s: float) -> LogLine:
        message = json.dumps({"level": "INFO", "message": STEP_ENDED, WORK_S: work_s})
        return LogLine(noon + dt.timedelta(minutes=minute), "job", message)

    assert work_hours([ended(30, 1800), ended(20, 1200), ended(60, 600)]) * 60 == pytest.approx(30 + 10)


def test_more_predictions_cost_proportionally_more() -> None:
    once = total(FUNCTION, use=Use(0, 1_000_000))
    assert total(FUNCTION, use=Use(0, 10_000_000)) == pytest.approx(10 * once, rel=0.01)


def test_alarms_are_counted() -> None:
    [line] = estimate([{"Resources": {"A": ALARM, "B": ALARM}}], use=Use(0, 0))
    assert (line.item, line.quantity, line.usd) == ("alarms", "2", 0.2)


def test_the_estimate_says_what_it_assumes() -> None:
    said = "\n".join(assumptions(Use(container_hours=9.5, predictions=20_000), measured=False))
    assert "9.5 container hours (as given)" in said
    assert "20,000 predictions of 50 ms" in said
    assert "left out: S3" in said
