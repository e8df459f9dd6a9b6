"""Aliases, stages and tags of the versions: always what the champion manifest says."""

import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from bikecast.manifest import ChampionManifest
from bikecast.names import Alias, Stage, ValidationStatus

logger = logging.getLogger(__name__)

EXECUTION, STAGE, STATUS, DECISION = "execution", "stage", "validation_status", "decision_uri"
ABANDONED_AFTER = dt.timedelta(hours=1)


def tag_version(client: MlflowClient, name: str, *, version: str, tags: Mapping[str, Any]) -> None:
    """Set tags; numbers are written with five digits."""
    for key, value in tags.items():
        text = f"{value:.5g}" if isinstance(value, float) else str(value)
        client.set_model_version_tag(name, version, key, text)


def point_alias(client: MlflowClient, name: str, *, alias: Alias, version: str | None) -> None:
    """Move an alias, or take it away if there is no version for it."""
    current = client.get_registered_model(name).aliases.get(alias)
    if version is None and current is not None:
        client.delete_registered_model_alias(name, alias)
    elif version is not None and str(current) != version:
        client.set_registered_model_alias(name, alias, version)


def follow_manifest(client: MlflowClient, name: str, manifest: ChampionManifest | None) -> None:
    """Make aliases and stages say what the manifest says; harmless to repeat.

    The manifest is the truth because it is what serves: a run that died between publishing it and
    writing here is completed by whoever comes next.
    """
    if manifest is None or manifest.model_name != name:
        return
    previous = manifest.previous.version if manifest.previous else None
    point_alias(client, name, alias=Alias.CHAMPION, version=manifest.version)
    point_alias(client, name, alias=Alias.PREVIOUS_CHAMPION, version=previous)
    if str(client.get_registered_model(name).aliases.get(Alias.CANDIDATE)) == manifest.version:
        point_alias(client, name, alias=Alias.CANDIDATE, version=None)
    for version in versions(client, name):
        wanted = Stage.PRODUCTION if str(version.version) == manifest.version else Stage.ARCHIVED
        status = version.tags.get(STATUS)
        is_champion = wanted is Stage.PRODUCTION
        if is_champion or version.tags.get(STAGE) == Stage.PRODUCTION:
            status = ValidationStatus.APPROVED if is_champion else status
            tags = {STAGE: wanted, STATUS: status or ValidationStatus.APPROVED}
            tag_version(client, name, version=str(version.version), tags=tags)


def versions(client: MlflowClient, name: str) -> Iterable[Any]:
    """Return every version of the model, the newest first; none if it was never registered."""
    try:
        found = client.search_model_versions(f"name = '{name}'", max_results=1000)
    except MlflowException:
        return []
    return sorted(found, key=lambda version: -int(version.version))


def archive_abandoned(client: MlflowClient, name: str, *, now: dt.datetime, execution: str) -> list[str]:
    """Archive versions whose execution ended before anybody judged them; return them."""
    abandoned = [
        str(v.version) for v in versions(client, name) if _is_abandoned(v, now=now, execution=execution)
    ]
    for version in abandoned:
        reason = "its execution ended before it was judged"
        tags = {STAGE: Stage.ARCHIVED, STATUS: ValidationStatus.REJECTED, "reason": reason}
        tag_version(client, name, version=version, tags=tags)
        logger.warning("archived an abandoned version", extra={"version": version})
    return abandoned


def _is_abandoned(version: Any, *, now: dt.datetime, execution: str) -> bool:
    made = dt.datetime.fromtimestamp(version.creation_timestamp / 1000, tz=dt.UTC)
    unjudged = version.tags.get(STATUS) == ValidationStatus.PENDING and DECISION not in version.tags
    return unjudged and version.tags.get(EXECUTION) != execution and now - made > ABANDONED_AFTER


def version_of_execution(client: MlflowClient, name: str, execution: str) -> str | None:
    """Return the version that an earlier attempt of this execution registered."""
    for version in versions(client, name):
        if version.tags.get(EXECUTION) == execution:
            return str(version.version)
    return None
