"""Step ``rollback``: put an earlier champion back once it is proven to load."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bikecast.errors import ArtifactError, InputError
from bikecast.names import MODELS_PREFIX, decision_key
from bikecast.registry.champion_store import ChampionStore, CurrentChampion
from bikecast.registry.manifest import ChampionManifest, Change, ChangeAction, parse_manifest
from bikecast.requests import parse_request
from bikecast.storage import exists
from bikecast.use_case.requests import model_name_of
from training_job.migrations import migrate
from training_job.publication.champions import require_loads
from training_job.publication.following import follow_champion, record_change
from training_job.runtime.context import Context

logger = logging.getLogger(__name__)


class RollbackRequest(BaseModel):
    """Why, and to which version; the previous champion if absent.

    ``execution`` names what asks: repeated, it changes nothing more. ``force`` allows a version that was
    never promoted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    execution: str = Field(min_length=1)
    reason: str = Field("requested by a person", min_length=1, max_length=1000)
    version: str | None = None
    force: bool = False

    @model_validator(mode="after")
    def _force_is_deliberate(self) -> Self:
        if self.force and (self.version is None or "reason" not in self.model_fields_set):
            raise ValueError("`force` needs `version` and `reason`: say which version, and why")
        return self


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return who serves now and who did before.

    A rollback that was interrupted once the champion had changed is completed, not done a second time: by its
    own execution, and by the next one that asks for the same while no record tells of it.

    Raises:
        InputError: There is no champion before this one, or the version was never promoted.
        ArtifactError: The version to go back to does not load; nothing was changed.
        ConflictError: Somebody else changed the champion in between; nothing was changed.
    """
    request = parse_request(RollbackRequest, payload)
    migrate(context.database)
    champions = ChampionStore(context.serving)
    current = champions.look()
    done = champions.made_by(request.execution, ChangeAction.ROLLED_BACK, current=current)
    done = done or _interrupted(context, current, request)
    if done is None:
        done = _roll_back(context, champions, current, request)
    follow_champion(context)
    return _result(context.use_case, done)


def _interrupted(
    context: Context, current: CurrentChampion, request: RollbackRequest
) -> ChampionManifest | None:
    """Return the champion if a rollback that put it there died before its record, and the same is asked."""
    manifest = current.manifest
    if manifest is None or request.version not in (None, manifest.version):
        return None
    change = manifest.change
    if change is None or change.action is not ChangeAction.ROLLED_BACK:
        return None
    return None if exists(context.reports, decision_key(change.execution)) else manifest


def _roll_back(
    context: Context, champions: ChampionStore, current: CurrentChampion, request: RollbackRequest
) -> ChampionManifest:
    restored, was_promoted = _restored(context, champions, current, request)
    require_loads(context, restored)
    record_change(context, current)
    change = Change(
        action=ChangeAction.ROLLED_BACK,
        at=context.clock(),
        execution=request.execution,
        reason=request.reason,
        forced=not was_promoted,
    )
    return champions.publish(restored, change, replacing=current)


def _result(use_case: str, manifest: ChampionManifest) -> Mapping[str, Any]:
    change = manifest.change
    assert change is not None
    return {
        "use_case": use_case,  # whose dashboard is shown anew
        "champion": manifest.version,
        "replaced": change.replaced.version if change.replaced else None,
        "reason": change.reason,
        "record": decision_key(change.execution),
    }


def _restored(
    context: Context, champions: ChampionStore, current: CurrentChampion, request: RollbackRequest
) -> tuple[ChampionManifest, bool]:
    """Return the manifest to go back to, and whether it was promoted once."""
    if request.version is None:
        return _before(champions, current), True
    for earlier in champions.history.since_retirement(current=current.manifest):
        if earlier.manifest.version == request.version and earlier.manifest.identity != current.identity:
            return earlier.manifest, True
    if request.version == current.version:
        raise InputError(f"version: {request.version} is the champion already")
    if not request.force:
        raise InputError(
            f"version: {request.version} was never promoted ({_promoted(champions, current)}); "
            "`bikecast rollback --to VERSION --force --reason ...` puts it there nevertheless"
        )
    return _published(context, request.version), False


def _before(champions: ChampionStore, current: CurrentChampion) -> ChampionManifest:
    if current.problem is not None:
        raise InputError(f"{current.problem} ({_promoted(champions, current)})")
    if current.manifest is None:
        raise InputError("there is no champion to roll back: train first")
    previous = champions.previous(current.manifest)
    if previous is None:
        raise InputError(f"version {current.version} has no champion before it to roll back to")
    return previous


def _promoted(champions: ChampionStore, current: CurrentChampion) -> str:
    earlier = champions.history.since_retirement(current=current.manifest)
    versions = dict.fromkeys([*filter(None, [current.version]), *(each.manifest.version for each in earlier)])
    return f"promoted so far: {', '.join(versions) or 'none'}"


def _published(context: Context, version: str) -> ChampionManifest:
    """Return the manifest of a version that was judged but never promoted, the newest of several."""
    own = model_name_of(context.use_case)
    found = [each for each in _manifests(context, version) if each.model_name == own]
    if not found:
        raise ArtifactError(f"version {version} was never published: it has no manifest")
    return max(found, key=lambda each: each.published_at)


def _manifests(context: Context, version: str) -> Iterator[ChampionManifest]:
    # Older code kept a version's manifest under its number alone.
    own = model_name_of(context.use_case)
    for prefix in (f"{MODELS_PREFIX}{own}/{version}-", f"{MODELS_PREFIX}{version}/"):
        for key in context.serving.keys(prefix):
            if key.endswith("manifest.json"):
                yield parse_manifest(context.serving.read(key).body, context.serving.uri(key))
