"""The use cases of one cloud at a glance."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bikecast.names import Output, stack_name, use_case_prefix
from bikecast.storage import ObjectStore, S3Store, ScopedStore
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
    from bikecast.monitoring.findings.glance import NEVER_WATCHED

    outputs = read_stack_outputs(cloud.cloudformation)
    buckets = [outputs.get(output) for output in (Output.SERVING_BUCKET, Output.REPORTS_BUCKET)]
    stores = [S3Store(cloud.s3, bucket) for bucket in buckets if bucket]
    if len(stores) < len(buckets):
        return lambda _: NEVER_WATCHED
    return lambda name: _current(name, *stores)


def _current(use_case: str, serving: ObjectStore, reports: ObjectStore) -> dict[str, Any]:
    """Return a use case's glance with its champion and automation as they are now; both buckets whole."""
    from bikecast.monitoring.findings import glance
    from bikecast.registry.automation import pause_reason
    from bikecast.registry.champion_store import ChampionStore

    own = ScopedStore(serving, use_case_prefix(use_case))
    current, reason = ChampionStore(own).look(), pause_reason(own)
    watched = next(glance.glances(reports, [use_case]), glance.NEVER_WATCHED)
    scores = {} if current.manifest is None else current.manifest.holdout.values
    metric = next(iter(scores), None)
    return {
        **watched,
        "champion": current.version,
        "simulated": None if current.manifest is None else current.manifest.simulated,
        "problem": current.problem,
        "metric": metric,
        "value": None if metric is None else scores[metric],
        "paused": reason is not None,
        "pause_reason": reason,
    }


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
