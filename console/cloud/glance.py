"""The use cases of one cloud at a glance."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bikecast.names import Output, stack_name
from bikecast.storage import S3Store
from console.cloud.outputs import read_stack_outputs, read_stacks
from console.cloud.session import Cloud
from console.settings import environment


def glances(cloud: Cloud, use_cases: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by use case whether it is deployed, its champion, last verdict, incidents and automation."""
    stacks = {stack.name for stack in read_stacks(cloud.cloudformation)}
    within, state = environment(), _state_of(cloud)
    return {
        name: {"deployed": stack_name("serving", name, environment=within) in stacks, **state(name)}
        for name in use_cases
    }


def _state_of(cloud: Cloud) -> Callable[[str], Mapping[str, Any]]:
    from bikecast.monitoring.glance import NEVER_WATCHED, current_glance

    outputs = read_stack_outputs(cloud.cloudformation)
    buckets = [outputs.get(output) for output in (Output.SERVING_BUCKET, Output.REPORTS_BUCKET)]
    stores = [S3Store(cloud.s3, bucket) for bucket in buckets if bucket]
    if len(stores) < len(buckets):
        return lambda _: NEVER_WATCHED
    return lambda name: current_glance(name, *stores)


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one use case as a line of a table."""
    deployed = row["deployed"]
    simulated = " (SIMULATED)" if row["simulated"] else ""
    score = None if row["value"] is None else f"{row['metric']} {row['value']:.4g}"
    return {
        "name": row["name"],
        "title": row["title"],
        "deployed": "-" if deployed is None else "yes" if deployed else "no",
        "champion": "UNREADABLE" if row["problem"] else row["champion"] and f"{row['champion']}{simulated}",
        "on the holdout": score,
        "last verdict": row["verdict"],
        "open incidents": row["open_incidents"],
        "promotion": f"PAUSED: {row['pause_reason']}" if row["paused"] else "runs",
    }
