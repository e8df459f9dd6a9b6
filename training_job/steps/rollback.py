"""Put the previous champion back once it is proven to load: manifest, registry and audit row, or nothing."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bikecast.errors import ArtifactError, ConflictError, InputError
from bikecast.forecaster import Forecaster
from bikecast.manifest import ChampionManifest
from bikecast.names import CHAMPION_KEY
from bikecast.requests import parse_request
from bikecast.storage import MissingObjectError
from training_job import decisions, registry, tracking
from training_job.champion import (
    Reigning,
    manifest_bytes,
    manifest_key,
    parse_manifest,
    publish,
    read_champion,
)
from training_job.context import Context
from training_job.decisions import Contestant, DecisionRecord
from training_job.migrations import migrate

logger = logging.getLogger(__name__)


class RollbackRequest(BaseModel):
    """Why, and to which version; the previous champion if absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = "asked for by a person"
    version: str | None = None


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return who serves now and who did before.

    Raises:
        InputError: There is no champion, or none before it.
        ArtifactError: The version to go back to does not load; nothing was changed.
        ConflictError: Somebody else published in between; nothing was changed.
    """
    request = parse_request(RollbackRequest, payload)
    migrate(context.database)
    reigning = read_champion(context.serving)
    restored = _restored(context, reigning, request)
    etag = publish(context.serving, restored, replacing=reigning.etag)
    try:
        record = _follow(context, reigning, restored, reason=request.reason)
    except Exception:
        _undo(context, reigning, etag=etag)
        raise
    return {
        "champion": restored.version,
        "replaced": reigning.version,
        "reason": request.reason,
        "record": record,
    }


def _restored(context: Context, reigning: Reigning, request: RollbackRequest) -> ChampionManifest:
    """Return the manifest to go back to, proven to load."""
    if reigning.manifest is None:
        raise InputError("there is no champion to roll back: train first")
    if request.version is None and reigning.manifest.previous is None:
        raise InputError(f"version {reigning.version} has no champion before it to roll back to")
    version = request.version or (reigning.manifest.previous.version if reigning.manifest.previous else "")
    if version == reigning.version:
        raise InputError(f"version: {version} is the champion already")
    key = manifest_key(version)
    try:
        manifest = parse_manifest(context.serving.read(key).body, context.serving.uri(key))
    except MissingObjectError as err:
        raise ArtifactError(
            f"version {version} was never published: {context.serving.uri(key)} is missing"
        ) from err
    Forecaster.load(context.serving, manifest)
    return manifest.model_copy(update={"published_at": context.clock()})


def _follow(context: Context, reigning: Reigning, restored: ChampionManifest, *, reason: str) -> str:
    """Move registry and audit row after the manifest; return the record's key."""
    client = tracking.open_client(context)
    registry.follow_manifest(client, restored.model_name, restored)
    now = context.clock()
    return decisions.save(
        context,
        DecisionRecord(
            execution=f"rollback-{now:%Y%m%dT%H%M%S%f}",
            created_at=now,
            decision="rolled_back",
            reason=reason,
            model_name=restored.model_name,
            data_hash=restored.data_hash,
            code_version=context.code_version,
            challenger=Contestant(version=restored.version, run_id=restored.run_id, scores=restored.holdout),
            champion=Contestant(version=reigning.version or "", scores=_scores(reigning)),
        ),
    )


def _scores(reigning: Reigning) -> Any:
    return reigning.manifest.holdout if reigning.manifest else None


def _undo(context: Context, reigning: Reigning, *, etag: str) -> None:
    """Put the manifest back that served before, unless somebody published since; the registry follows."""
    assert reigning.manifest is not None
    try:
        context.serving.write(CHAMPION_KEY, manifest_bytes(reigning.manifest), if_match=etag)
    except ConflictError:
        logger.warning("the champion changed during a rollback that failed; it stays")
    try:
        serving = read_champion(context.serving).manifest
        registry.follow_manifest(tracking.open_client(context), reigning.manifest.model_name, serving)
    except Exception:  # the caller raises what made the rollback fail; this must not hide it
        logger.exception("the registry could not be put back; the next training does it")
