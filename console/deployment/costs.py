"""Estimated monthly cost on AWS: sizes from the stacks' templates, use from recorded executions."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bikecast.names import STEP_ENDED, WORK_S, Output
from console.cloud.logs import LogLine, read_lines
from console.cloud.outputs import parse_log_groups, read_stack_outputs, read_stacks
from console.cloud.session import Cloud
from console.executions.histories import as_instant
from console.executions.runs import list_runs

JOB = "job"  # the role whose log has the steps' lines
HOURS_A_MONTH = 730.0
DAYS_A_MONTH = 30
MANY_RUNS = 1_000
# List prices in USD, us-east-1, on demand, without free tier. Source: aws.amazon.com/<service>/pricing.
RDS_INSTANCE_HOUR = {"db.t4g.micro": 0.016, "db.t4g.small": 0.032, "db.t4g.medium": 0.065}
RDS_GB_MONTH = 0.115
FARGATE_VCPU_HOUR = 0.04048
FARGATE_GB_HOUR = 0.004445
PUBLIC_IPV4_HOUR = 0.005
LAMBDA_GB_SECOND = 0.0000166667
LAMBDA_MILLION_CALLS = 0.20
API_MILLION_CALLS = 3.50
KMS_KEY_MONTH = 1.00
SECRET_MONTH = 0.40
ALARM_MONTH = 0.10
DASHBOARD_MONTH = 3.00


@dataclass(frozen=True)
class Use:
    """What is used in a month: containers in hours of the clock, calls of the API with their mean time.

    ``work_hours`` is the part of the container hours in which steps did their own work, if that is known.
    """

    container_hours: float
    predictions: int
    prediction_ms: float = 50.0
    work_hours: float | None = None


@dataclass(frozen=True)
class CostLine:
    """One position; ``usd`` is a month's."""

    item: str
    quantity: str
    usd: float


def assumptions(use: Use, *, measured: bool) -> list[str]:
    """Return what the estimate takes for granted and what it leaves out, one sentence each."""
    origin = "as ran in the last 30 days" if measured else "as given"
    return [
        "list prices of us-east-1 as console/costs.py has them: on demand, no free tier, discounts or taxes",
        f"a month of {HOURS_A_MONTH:.0f} hours; the database runs all of them, in one zone",
        f"{use.container_hours:.1f} container hours ({origin}), none on spot capacity, each with a public "
        "IPv4 address",
        f"{use.predictions:,} predictions of {use.prediction_ms:g} ms each, in the largest function",
        "left out: S3 and its requests, logs, metrics, queues, state transitions, functions other than the "
        "predictor, image storage and data transfer",
    ]


def estimate(templates: Iterable[Mapping[str, Any]], *, use: Use) -> list[CostLine]:
    """Return the positions of a month, standing costs first."""
    resources = [resource for template in templates for resource in template.get("Resources", {}).values()]
    return [*_standing(resources), *_container(resources, use), *_serving(resources, use)]


def _standing(resources: list[Any]) -> list[CostLine]:
    counted = [
        ("encryption keys", "AWS::KMS::Key", KMS_KEY_MONTH),
        ("secrets", "AWS::SecretsManager::Secret", SECRET_MONTH),
        ("alarms", "AWS::CloudWatch::Alarm", ALARM_MONTH),
        ("dashboards", "AWS::CloudWatch::Dashboard", DASHBOARD_MONTH),
    ]
    lines = [
        CostLine(item, str(count), round(count * price, 2))
        for item, kind, price in counted
        if (count := len(_of(resources, kind)))
    ]
    return [*_databases(resources), *lines]


def _databases(resources: list[Any]) -> list[CostLine]:
    lines = []
    for database in _of(resources, "AWS::RDS::DBInstance"):
        size, storage_gb = database["DBInstanceClass"], float(database.get("AllocatedStorage", 20))
        hourly = RDS_INSTANCE_HOUR.get(size)
        unknown = "" if hourly else ", instance of unknown price left out"
        usd = (hourly or 0.0) * HOURS_A_MONTH + storage_gb * RDS_GB_MONTH
        lines.append(CostLine("database", f"{size}, {storage_gb:.0f} GB{unknown}", round(usd, 2)))
    return lines


def _container(resources: list[Any], use: Use) -> list[CostLine]:
    tasks = _of(resources, "AWS::ECS::TaskDefinition")
    if not tasks:
        return []
    vcpu, memory_gb = int(tasks[0]["Cpu"]) / 1024, int(tasks[0]["Memory"]) / 1024
    hourly = vcpu * FARGATE_VCPU_HOUR + memory_gb * FARGATE_GB_HOUR + PUBLIC_IPV4_HOUR
    size = f"h of {vcpu:g} vCPU, {memory_gb:g} GB, not on spot"
    return [
        CostLine(item, f"{hours:.1f} {size}", round(hours * hourly, 2))
        for item, hours in _container_hours(use)
    ]


def _container_hours(use: Use) -> list[tuple[str, float]]:
    if use.work_hours is None:
        return [("container steps", use.container_hours)]
    start_hours = max(use.container_hours - use.work_hours, 0.0)
    return [
        ("container steps, their work", use.work_hours),
        ("container steps, start and waits", start_hours),
    ]


def _serving(resources: list[Any], use: Use) -> list[CostLine]:
    sizes_mb = [int(function.get("MemorySize", 128)) for function in _of(resources, "AWS::Lambda::Function")]
    if not sizes_mb:
        return []
    millions = use.predictions / 1e6
    gb_seconds = use.predictions * use.prediction_ms / 1000 * max(sizes_mb) / 1024
    compute = gb_seconds * LAMBDA_GB_SECOND + millions * LAMBDA_MILLION_CALLS
    return [
        CostLine("predictions, gateway", f"{use.predictions:,}", round(millions * API_MILLION_CALLS, 2)),
        CostLine("predictions, function", f"{use.prediction_ms:g} ms each", round(compute, 2)),
    ]


def _of(resources: list[Any], kind: str) -> list[Any]:
    return [resource.get("Properties", {}) for resource in resources if resource["Type"] == kind]


def read_templates(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the templates of the stacks that stand."""
    found = []
    for stack in read_stacks(cloud.cloudformation):
        body: Any = cloud.cloudformation.get_template(StackName=stack.name)["TemplateBody"]
        found.append(json.loads(body) if isinstance(body, str) else dict(body))
    return found


def use_of_last_month(cloud: Cloud, *, predictions: int) -> Use:
    """Return how long executions with containers ran in the last 30 days, workers counted once."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS_A_MONTH)
    kinds = ("train", "ingest", "operate")
    rows = [row for kind in kinds for row in list_runs(cloud, limit=MANY_RUNS, kind=kind)]
    hours = sum(float(row["seconds"]) for row in rows if as_instant(row["started"]) > since) / 3600
    groups = parse_log_groups(read_stack_outputs(cloud.cloudformation).get(Output.LOG_GROUPS) or "")
    of_job = {role: (group,) for role, group in groups.items() if role == JOB}
    lines = read_lines(cloud.logs, of_job, since=since, phrase=STEP_ENDED)
    return Use(hours, predictions, work_hours=min(work_hours(lines), hours))


def work_hours(lines: Iterable[LogLine]) -> float:
    """Return for how long at least one step did its own work, by the lines with which steps end."""
    ended = [(line.at.timestamp(), float(json.loads(line.message)[WORK_S])) for line in lines]
    total_s, until = 0.0, 0.0
    for began, end in sorted((at - work_s, at) for at, work_s in ended):
        total_s += max(0.0, end - max(began, until))
        until = max(until, end)
    return total_s / 3600
