"""Step ``promote``: publish the challenger, or record why the champion stays."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bikecast.errors import ArtifactError, ConflictError
from bikecast.names import Alias, simulated_marker_key
from bikecast.registry.artifacts import fetch
from bikecast.registry.automation import pause_reason
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.registry.decisions import Decisions
from bikecast.registry.manifest import ChampionManifest, Change, ChangeAction, Identity, parse_manifest
from bikecast.requests import parse_request
from bikecast.storage import exists
from bikecast.use_case.requests import model_name_of
from training_job.publication import following
from training_job.publication.champions import require_loads
from training_job.publication.following import follow_champion, skip_deleted
from training_job.runtime.context import Context
from training_job.runtime.handover import PromoteJob

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Outcome:
    """What came of the decision, and why."""

    decision: Literal["promoted", "rejected"]
    reason: str


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``decision`` (promoted or rejected), its reason, and who serves now.

    The manifest is written with a condition on what the challenger was judged against: of two executions
    that race, the second finds another champion and is rejected. Registry and record follow the manifest,
    so that a run that dies in between is completed by being repeated, or by the next one.
    """
    job = parse_request(PromoteJob, payload)
    champions, decisions = ChampionStore(context.serving), Decisions(context.reports, context.database)
    record = decisions.load(job.execution)
    outcome = _act(context, job, champions)
    if outcome.decision == "rejected":
        _tag_rejected(context, job, outcome.reason)
    current = follow_champion(context)
    context.open_registry(context).finish_run(job.train.run_id)
    approval = job.approval.model_dump() if job.approval else None
    decided = {"decision": outcome.decision, "reason": outcome.reason, "approval": approval}
    decisions.save(record.model_copy(update=decided))
    previous = current.manifest.previous if current.manifest else None
    return {
        "decision": outcome.decision,
        "reason": outcome.reason,
        "version": job.evaluate.version,
        "champion": current.version,
        "previous": previous.version if previous else None,
        "decision_key": job.evaluate.decision_key,
    }


def _act(context: Context, job: PromoteJob, champions: ChampionStore) -> Outcome:
    """Publish unless something speaks against it; what changed meanwhile is looked at anew."""
    for _ in range(MOST_ATTEMPTS):
        current = champions.look()
        # What was published cannot be refused any more: whoever wants it gone rolls back.
        if champions.made_by(job.execution, ChangeAction.PROMOTED, current=current) is not None:
            return Outcome("promoted", job.evaluate.reason)
        refusal = _refused(job) or _refusal(context, job, current)
        if refusal is not None:
            return Outcome("rejected", refusal)
        try:
            manifest = _challenger(context, job)
            following.record_change(context, current)
            champions.publish(manifest, _change(context, job), replacing=current)
        except ArtifactError as err:
            return Outcome("rejected", f"its files do not load: {err}")
        except ConflictError as err:
            logger.warning("somebody else changed the champion", exc_info=err)
            continue
        return Outcome("promoted", job.evaluate.reason)
    return Outcome("rejected", "the champion kept changing; train again to be judged against it")


def _refused(job: PromoteJob) -> str | None:
    """Return why it was decided that the challenger must not serve, or None."""
    if job.evaluate.decision != "promote":
        return job.evaluate.reason
    name = job.request.registered_model_name
    if name != model_name_of(job.request.use_case):
        return f"a training as {name!r} is a trial and never promoted"
    if job.approval is not None and job.approval.decision != "approve":
        return f"not approved by {job.approval.by}: {job.approval.reason}"
    return None


def _refusal(context: Context, job: PromoteJob, current: CurrentChampion) -> str | None:
    """Return why the challenger must not serve as things are now, or None."""
    if current.problem is not None:
        return f"nobody knows what serves: {current.problem}"
    paused = pause_reason(context.serving)
    if paused is not None and job.approval is None:
        return f"promotion is paused: {paused}; `bikecast resume` lifts it"
    if job.prepare.simulated and not exists(context.data, simulated_marker_key(context.use_case)):
        return "it learned from simulated data, and real data was loaded since"
    if _judged_against(job) != current.identity:
        return (
            f"the champion changed from version {job.evaluate.champion_version} to {current.version} "
            "since the challenger was judged; train again"
        )
    return None


def _judged_against(job: PromoteJob) -> Identity | None:
    version, run_id = job.evaluate.champion_version, job.evaluate.champion_run_id
    if version is None:
        return None
    return Identity(model_name=model_name_of(job.request.use_case), version=version, run_id=run_id or "")


def _challenger(context: Context, job: PromoteJob) -> ChampionManifest:
    """Return the manifest that was judged, its files proven to load."""
    if job.evaluate.manifest is None:
        raise ArtifactError("no manifest was handed over; train again")
    body = fetch(context.serving, job.evaluate.manifest)
    manifest = parse_manifest(body, context.serving.uri(job.evaluate.manifest.key))
    if manifest.identity != job.challenger:
        raise ArtifactError(f"the manifest is that of {manifest.identity}, not of {job.challenger}")
    require_loads(context, manifest)
    return manifest


def _change(context: Context, job: PromoteJob) -> Change:
    return Change(
        action=ChangeAction.PROMOTED,
        at=context.clock(),
        execution=job.execution,
        reason=job.evaluate.reason,
    )


def _tag_rejected(context: Context, job: PromoteJob, reason: str) -> None:
    registry, name, version = context.open_registry(context), job.challenger.model_name, job.evaluate.version
    tags = {**following.REJECTED, "reason": reason}
    skip_deleted(registry.tag, name, version, tags)
    if registry.aliases(name).get(Alias.CANDIDATE) == version:
        registry.delete_alias(name, Alias.CANDIDATE)
