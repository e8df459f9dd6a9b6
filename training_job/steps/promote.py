"""Act on the decision: publish the challenger, or record why the champion stays."""

import logging
from collections.abc import Mapping
from typing import Any

from bikecast.errors import ArtifactError, ConflictError
from bikecast.forecaster import Forecaster
from bikecast.manifest import ChampionManifest, Previous
from bikecast.names import Alias, Stage, ValidationStatus
from bikecast.requests import parse_request
from training_job import automation, decisions, registry, tracking
from training_job.champion import Reigning, manifest_key, parse_manifest, publish, read_champion
from training_job.context import Context
from training_job.handover import PromoteJob

logger = logging.getLogger(__name__)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``decision`` (promoted or rejected), its reason, and who serves now.

    The manifest is written with a condition on what the challenger was judged against: of two executions
    that race, the second finds another champion and is rejected. Registry and record follow the manifest,
    so that a run that dies in between is completed by being repeated, or by the next one.
    """
    job = parse_request(PromoteJob, payload)
    reigning = read_champion(context.serving)
    if reigning.version == job.train.version:
        return _settle(context, job, reigning, reason=job.evaluate.reason)
    refusal = _refusal(context, job, reigning)
    if refusal is None:
        refusal = _publish(context, job, reigning)
    if refusal is None:
        return _settle(context, job, read_champion(context.serving), reason=job.evaluate.reason)
    return _reject(context, job, reigning, reason=refusal)


def _refusal(context: Context, job: PromoteJob, reigning: Reigning) -> str | None:
    """Return why the challenger must not serve, or None."""
    if job.evaluate.decision != "promote":
        return job.evaluate.reason
    if job.approval is not None and job.approval.decision != "approve":
        return f"not approved by {job.approval.by}: {job.approval.reason}"
    paused = automation.paused(context.serving)
    if paused is not None and job.approval is None:
        return f"promotion is paused: {paused}; `bikecast resume` lifts it"
    if reigning.version != job.evaluate.champion_version:
        return (
            f"the champion changed from version {job.evaluate.champion_version} to {reigning.version} "
            "since the challenger was judged; train again"
        )
    return None


def _publish(context: Context, job: PromoteJob, reigning: Reigning) -> str | None:
    """Check the files and publish; return why it was not possible, or None."""
    key = manifest_key(job.train.version)
    try:
        manifest = parse_manifest(context.serving.read(key).body, context.serving.uri(key))
        Forecaster.load(context.serving, manifest)
        publish(context.serving, _successor(context, manifest, reigning), replacing=reigning.etag)
    except ArtifactError as err:
        return f"its files do not load: {err}"
    except ConflictError:
        return "another execution published first; train again to be judged against its champion"
    return None


def _successor(context: Context, manifest: ChampionManifest, reigning: Reigning) -> ChampionManifest:
    previous = None
    if reigning.manifest is not None:
        previous = Previous(
            version=reigning.manifest.version, manifest_key=manifest_key(reigning.manifest.version)
        )
    return manifest.model_copy(update={"previous": previous, "published_at": context.clock()})


def _settle(context: Context, job: PromoteJob, reigning: Reigning, *, reason: str) -> dict[str, Any]:
    """Make registry and record say what the manifest says; harmless to repeat."""
    assert reigning.manifest is not None
    client = tracking.open_client(context)
    registry.follow_manifest(client, job.request.registered_model_name, reigning.manifest)
    client.set_terminated(job.train.run_id)
    previous = reigning.manifest.previous
    return _finish(
        context,
        job,
        decision="promoted",
        reason=reason,
        champion=job.train.version,
        previous=previous.version if previous else None,
    )


def _reject(context: Context, job: PromoteJob, reigning: Reigning, *, reason: str) -> dict[str, Any]:
    client, name = tracking.open_client(context), job.request.registered_model_name
    tags = {registry.STAGE: Stage.ARCHIVED, registry.STATUS: ValidationStatus.REJECTED, "reason": reason}
    registry.tag_version(client, name, version=job.train.version, tags=tags)
    if str(client.get_registered_model(name).aliases.get(Alias.CANDIDATE)) == job.train.version:
        registry.point_alias(client, name, alias=Alias.CANDIDATE, version=None)
    client.set_terminated(job.train.run_id)
    return _finish(context, job, decision="rejected", reason=reason, champion=reigning.version, previous=None)


def _finish(
    context: Context,
    job: PromoteJob,
    *,
    decision: decisions.Outcome,
    reason: str,
    champion: str | None,
    previous: str | None,
) -> dict[str, Any]:
    record = decisions.load(context, job.evaluate.decision_key)
    approval = job.approval.model_dump() if job.approval else None
    decisions.save(
        context, record.model_copy(update={"decision": decision, "reason": reason, "approval": approval})
    )
    return {
        "decision": decision,
        "reason": reason,
        "version": job.train.version,
        "champion": champion,
        "previous": previous,
        "decision_key": job.evaluate.decision_key,
    }
