"""Registry and records say what the champion manifest says; whoever changes the champion ends with this.

The manifest is the truth because it is what serves. What a step that died left undone, and what people
change in the registry, is put right by whoever comes next.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from bikecast.errors import ArtifactError, ConflictError, NotFoundError
from bikecast.names import Alias, Stage, ValidationStatus
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.registry.decisions import Contestant, DecisionRecord, Decisions
from bikecast.registry.manifest import ChampionManifest, Change, Identity, State
from bikecast.storage import MissingObjectError
from training_job.registry.protocol import RegisteredVersion, Registry
from training_job.runtime.context import Context
from training_job.runtime.handover import TrainJob

logger = logging.getLogger(__name__)

EXECUTION, STAGE, STATUS, DECISION = "execution", "stage", "validation_status", "decision_uri"
ABANDONED_AFTER = dt.timedelta(hours=1)
MOST_ROUNDS = 10


def follow_champion(context: Context) -> CurrentChampion:
    """Make the records and the registry say what the manifest says; harmless to repeat.

    Returns:
        The champion that they follow now; if nobody can read it, nothing is changed.
    Raises:
        ConflictError: The champion does not stay the same for long enough.
    """
    champions, registry = ChampionStore(context.serving), context.open_registry(context)
    current = champions.look()
    for _ in range(MOST_ROUNDS):
        if current.state is None:
            return current
        _follow(context, registry, champions, current.state)
        before, current = current, champions.look()
        if current.etag == before.etag:
            return current
    raise ConflictError("the champion changes too often for the registry to follow; try again")


def record_change(context: Context, current: CurrentChampion) -> None:
    """Write the decision record of what serves, before something else does: who made it may have died."""
    if current.manifest is not None:
        _record_change(context, current.manifest)


def _follow(context: Context, registry: Registry, champions: ChampionStore, state: State) -> None:
    champions.history.record(state)
    if isinstance(state, ChampionManifest):
        _point_and_stage(registry, state.identity, _previous(champions, state), name=state.model_name)
        _record_change(context, state)  # last: a change without its record was not followed to its end
    elif state.change.replaced is not None:
        _point_and_stage(registry, None, None, name=state.change.replaced.model_name)


def _point_and_stage(
    registry: Registry, champion: Identity | None, previous: Identity | None, *, name: str
) -> None:
    """Let aliases and stages say who is champion; versions that somebody deleted are left out."""
    known = registry.versions(name)
    _point(registry, known, Alias.CHAMPION, champion, name=name)
    _point(registry, known, Alias.PREVIOUS_CHAMPION, previous, name=name)
    if champion is not None and registry.aliases(name).get(Alias.CANDIDATE) == champion.version:
        registry.delete_alias(name, Alias.CANDIDATE)
    for version in known:
        _set_stage(registry, name, version, is_champion=champion is not None and _is(version, champion))


def _previous(champions: ChampionStore, manifest: ChampionManifest) -> Identity | None:
    try:
        previous = champions.previous(manifest)
    except ArtifactError as err:
        logger.warning("the previous champion's manifest cannot be read", exc_info=err)
        return None
    return previous.identity if previous and previous.model_name == manifest.model_name else None


def _point(
    registry: Registry, known: list[RegisteredVersion], alias: Alias, to: Identity | None, *, name: str
) -> None:
    points_to = registry.aliases(name).get(alias)
    target = next((version.version for version in known if to is not None and _is(version, to)), None)
    if to is not None and target is None:
        logger.warning("a version is not in the registry any more", extra={"version": to.version})
    if target is None and points_to is not None:
        registry.delete_alias(name, alias)
    elif target is not None and points_to != target:
        skip_deleted(registry.set_alias, name, alias, target)


def _is(version: RegisteredVersion, identity: Identity) -> bool:
    return version.version == identity.version and version.run_id == identity.run_id


def _set_stage(registry: Registry, name: str, version: RegisteredVersion, *, is_champion: bool) -> None:
    stage, status = version.tags.get(STAGE), version.tags.get(STATUS)
    if is_champion:
        wanted = {STAGE: str(Stage.PRODUCTION), STATUS: str(ValidationStatus.APPROVED)}
    elif stage == Stage.PRODUCTION:
        wanted = {STAGE: str(Stage.ARCHIVED), STATUS: status or str(ValidationStatus.APPROVED)}
    else:
        return
    if {STAGE: stage, STATUS: status} != wanted:
        skip_deleted(registry.tag, name, version.version, wanted)


def skip_deleted(action: Any, *arguments: Any) -> None:
    """Do something with a version, unless somebody deleted it in the meantime."""
    try:
        action(*arguments)
    except NotFoundError as err:
        logger.warning("somebody deleted a version from the registry", exc_info=err)


def archive_abandoned(registry: Registry, name: str, *, now: dt.datetime, execution: str) -> list[str]:
    """Archive versions whose execution ended before anybody judged them; return them."""
    abandoned = [v.version for v in registry.versions(name) if _is_abandoned(v, now=now, execution=execution)]
    for version in abandoned:
        tags = {"reason": "its execution ended before it was judged", **REJECTED}
        skip_deleted(registry.tag, name, version, tags)
        logger.warning("archived an abandoned version", extra={"version": version})
    return abandoned


REJECTED: Mapping[str, str] = {STAGE: Stage.ARCHIVED, STATUS: ValidationStatus.REJECTED}


def _is_abandoned(version: RegisteredVersion, *, now: dt.datetime, execution: str) -> bool:
    unjudged = version.tags.get(STATUS) == ValidationStatus.PENDING and DECISION not in version.tags
    is_other = version.tags.get(EXECUTION) != execution
    return unjudged and is_other and now - version.created_at > ABANDONED_AFTER


def _record_change(context: Context, manifest: ChampionManifest) -> None:
    """Write the decision record of what made the champion, if the step that made it could not."""
    change = manifest.change
    if change is None:
        return
    decisions = Decisions(context.reports, context.database)
    try:
        record = decisions.load(change.execution)
    except MissingObjectError:
        record = _bare_record(context, manifest, change)
    if record.decision == "pending":
        decisions.save(record.model_copy(update={"decision": change.action.value, "reason": change.reason}))


def _bare_record(context: Context, manifest: ChampionManifest, change: Change) -> DecisionRecord:
    replaced = change.replaced
    return DecisionRecord(
        use_case=manifest.use_case,
        execution=change.execution,
        created_at=change.at,
        decision="pending",
        reason=change.reason,
        model_name=manifest.model_name,
        data_hash=manifest.data_hash,
        code_version=context.code_version,
        challenger=Contestant(version=manifest.version, run_id=manifest.run_id, scores=manifest.holdout),
        champion=None if replaced is None else Contestant(version=replaced.version, run_id=replaced.run_id),
    )


def clean_up(context: Context, job: TrainJob) -> None:
    """Complete what an earlier execution that died left behind."""
    current = follow_champion(context)
    if current.problem is not None:
        logger.error("nothing can be promoted: %s", current.problem)
    registry, name = context.open_registry(context), job.request.registered_model_name
    archive_abandoned(registry, name, now=context.clock(), execution=job.execution)
