"""Any order of trainings, promotions, rollbacks, deaths and damage: what serves is what the manifest says."""

import contextlib
import datetime as dt
import itertools
import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bikecast.database import DatabaseSettings, connect
from bikecast.errors import ArtifactError, ConflictError, InputError
from bikecast.names import CHAMPION_KEY, MODEL_NAME
from bikecast.registry import automation
from bikecast.registry.champion_store import ChampionStore
from bikecast.registry.decisions import Decisions
from bikecast.registry.manifest import ChampionManifest, Change, ChangeAction
from bikecast.serving.champion.follower import ChampionFollower, UnavailableError
from tests.training_job.faults import Faults, Killed, MortalRegistry, MortalStore
from tests.training_job.made_up_trainings import Training, train, write_training_set
from tests.unit.serving.faults import Remembering
from training_job.migrations import migrate
from training_job.publication.following import follow_champion
from training_job.runtime.context import Context
from training_job.steps import promote, resume_automation, rollback
from use_cases.citibike.api.hourly import LOADERS

pytestmark = pytest.mark.xdist_group("champion-machine")
EXAMPLES, STEPS = 16, 30
writes, answers = st.integers(0, 14), st.sampled_from([None, None, "approve", "reject"])
names = st.sampled_from([MODEL_NAME, MODEL_NAME, MODEL_NAME, "other"])
# Most of the time the newest, as in life, and good ones, or there would be little to see.
indices, verdicts = st.sampled_from([0, 0, 0, 1, 1, 2, 5]), st.sampled_from([True, True, True, False])


class ChampionMachine(RuleBasedStateMachine):
    """Real steps on folders, a registry in memory and a real database."""

    database: DatabaseSettings

    def __init__(self) -> None:
        super().__init__()
        self._folder = Path(tempfile.mkdtemp())
        self.faults = Faults()
        self.registry = MortalRegistry(self.faults)
        stores = {
            name: MortalStore(self._folder / name, self.faults)
            for name in ("data", "artifacts", "serving", "reports")
        }
        ticks, begin = itertools.count(), dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
        self.context = Context(
            **stores,  # type: ignore[arg-type]  # stores by field
            database=self.database,
            code_version="test",
            clock=lambda: begin + dt.timedelta(seconds=next(ticks)),
            open_registry=self._open_registry,
        )
        self.champions = ChampionStore(self.context.serving)
        self.trainings: list[Training] = []
        self.may_serve: set[str] = set()  # runs that were allowed to become champion
        self.served: list[str] = []  # runs in the order in which they became champion, since a retirement
        self.is_damaged = False
        self.is_followed = (
            True  # nobody died, and nobody changed the registry, since the last step that ended
        )
        self.rollbacks: list[str] = []  # executions of rollbacks that died
        self._id = uuid.uuid4().hex[:8]
        write_training_set(self.context)

    def teardown(self) -> None:
        shutil.rmtree(self._folder)

    def _open_registry(self, context: Context) -> MortalRegistry:
        assert context.database == self.database
        return self.registry

    # What happens, each by the steps that do it in production.

    @rule(name=names, is_better=verdicts)
    def train_and_judge(self, name: str, is_better: bool) -> None:
        self._train(name, is_better=is_better)

    @precondition(lambda self: self.trainings)
    @rule(index=indices, answer=answers)
    def promote(self, index: int, answer: str | None) -> None:
        before = self._champion_run()
        training = self._pick(index)
        allowed = self._is_allowed(training, answer) and training.judged_against == before
        result = self._promote(training, answer)
        if not allowed and self._champion_run() != before:
            raise AssertionError(f"{training.run_id} became champion, which nobody allowed: {result}")

    @rule(back_to=st.one_of(st.none(), st.integers(1, 6).map(str)), is_forced=st.booleans())
    def roll_back(self, back_to: str | None, is_forced: bool) -> None:
        before = self._state()
        try:
            self._roll_back(back_to, is_forced=is_forced)
        except (InputError, ArtifactError):
            assert self._state() == before
            return
        self.is_damaged = False

    @precondition(lambda self: self.rollbacks)
    @rule(index=indices, back_to=st.one_of(st.none(), st.integers(1, 6).map(str)))
    def a_rollback_that_died_is_repeated(self, index: int, back_to: str | None) -> None:
        execution = self.rollbacks[-1 - index % len(self.rollbacks)]
        before = self._state()
        was_done = self._changes_by(execution) > 0
        self._quietly(lambda: self._roll_back(back_to, is_forced=False, execution=execution))
        assert not was_done or self._state() == before

    @rule()
    def pause(self) -> None:
        with connect(self.database, application="test") as connection:
            automation.pause(
                self.context.serving,
                connection,
                use_case="citibike",
                reason="drift",
                actor="test",
                now=self.context.clock(),
            )

    @rule()
    def resume(self) -> None:
        resume_automation.run(self.context, {"reason": "enough"})

    @precondition(lambda self: not self.is_damaged)
    @rule()
    def retire(self) -> None:
        change = Change(
            action=ChangeAction.RETIRED, at=self.context.clock(), execution="retire", reason="a test"
        )
        current = self.champions.look()
        if current.manifest is not None:
            self.champions.retire(change, replacing=current)
            self.served.clear()
            self.is_followed = False

    # What goes wrong.

    @precondition(lambda self: self.trainings)
    @rule(write=writes, is_after=st.booleans(), index=indices, answer=answers)
    def a_promotion_dies(self, write: int, is_after: bool, index: int, answer: str | None) -> None:
        training = self._pick(index)
        self._die(write, is_after, lambda: self._promote(training, answer))

    @rule(write=writes, is_after=st.booleans(), back_to=st.one_of(st.none(), st.integers(1, 6).map(str)))
    def a_rollback_dies(self, write: int, is_after: bool, back_to: str | None) -> None:
        execution = f"rollback-{uuid.uuid4().hex}"
        self.rollbacks.append(execution)
        self._die(write, is_after, lambda: self._roll_back(back_to, is_forced=False, execution=execution))

    @rule(write=writes, is_after=st.booleans(), is_better=verdicts)
    def a_training_dies(self, write: int, is_after: bool, is_better: bool) -> None:
        self._die(write, is_after, lambda: self._train(MODEL_NAME, is_better=is_better))

    @precondition(lambda self: self.trainings)
    @rule(write=writes, first=indices, second=indices)
    def two_promotions_at_once(self, write: int, first: int, second: int) -> None:
        other = self._pick(second)
        self._interrupt(write, lambda: self._promote(other, None))
        self._quietly(lambda: self._promote(self._pick(first), None))

    @precondition(lambda self: self.trainings)
    @rule(write=writes, index=indices)
    def a_rollback_while_another_runs_or_a_promotion(self, write: int, index: int) -> None:
        self._interrupt(write, lambda: self._promote(self._pick(index), None))
        self._quietly(lambda: self._roll_back(None, is_forced=False))
        self._interrupt(write, lambda: self._roll_back(None, is_forced=False))
        self._quietly(lambda: self._roll_back(None, is_forced=False))

    @rule(what=st.sampled_from(["alias", "version", "model"]))
    def somebody_deletes_in_the_registry(self, what: str) -> None:
        self.is_followed = False
        known = self.registry.versions(MODEL_NAME)
        if what == "model":
            self.registry.delete_model(MODEL_NAME)
        elif what == "version" and known:
            self.registry.delete_version(MODEL_NAME, known[-1].version)
        elif what == "alias":
            self.registry.delete_alias(MODEL_NAME, "champion")

    @precondition(lambda self: self.served)
    @rule(body=st.sampled_from([b"{", b'{"schema_version": 9}', None]))
    def the_manifest_is_damaged(self, body: bytes | None) -> None:
        follow_champion(self.context)  # it had been recorded
        if body is None:
            self.context.serving.delete(CHAMPION_KEY)
        else:
            self.context.serving.write(CHAMPION_KEY, body)
        self.is_damaged = True

    @rule()
    def heal(self) -> None:
        self._heal()

    # What always holds.

    @invariant()
    def what_serves_is_what_the_manifest_says(self) -> None:
        run = self._serving_run()
        if not self.is_damaged:
            assert run == self._champion_run()
        assert run is None or run in self.may_serve

    @invariant()
    def registry_and_records_say_what_the_manifest_says(self) -> None:
        if self.is_followed and not self.is_damaged:
            self._registry_says_what_the_manifest_says()
            self._every_change_has_its_record()

    @invariant()
    def no_execution_changes_the_champion_twice(self) -> None:
        assert all(self._changes_by(execution) <= 1 for execution in self.rollbacks)
        assert all(self._changes_by(each.execution) <= 1 for each in self.trainings)

    @invariant()
    def a_way_back_exists_once_there_were_two(self) -> None:
        manifest = self.champions.look().manifest
        self._note_champion(manifest)
        if manifest is None or len(set(self.served)) < 2:
            return
        previous = self.champions.previous(manifest)
        assert previous is not None
        assert previous.run_id in self.may_serve
        assert previous.run_id != manifest.run_id

    @invariant()
    def every_change_is_on_record(self) -> None:
        recorded = {each.manifest.run_id for each in self.champions.history.since_retirement()}
        current = self._champion_run()
        assert set(self.served) <= recorded | {current}

    # How it is done.

    def _train(self, name: str, *, is_better: bool) -> None:
        number = len(self.trainings) + len(list(self.context.artifacts.keys("")))
        execution = f"{self._id}-{number}"
        scale = 1.0 + number
        self.trainings.append(train(self.context, execution, name=name, is_better=is_better, scale=scale))
        self.is_followed = True

    def _heal(self) -> None:
        follow_champion(self.context)
        self.is_followed = True

    def _promote(self, training: Training, answer: str | None) -> dict[str, Any]:
        is_allowed = self._is_allowed(training, answer) or self._changes_by(training.execution) > 0
        if is_allowed:
            self.may_serve.add(training.run_id)
        approval = {"approval": {"decision": answer}} if answer else {}
        try:
            result = dict(promote.run(self.context, training.job | approval))
        finally:
            assert is_allowed or self._changes_by(training.execution) == 0
        self.is_followed = True
        return result

    def _roll_back(self, back_to: str | None, *, is_forced: bool, execution: str | None = None) -> None:
        payload: dict[str, Any] = {
            "execution": execution or f"rollback-{uuid.uuid4().hex}",
            "version": back_to,
            "reason": "a test",
        }
        if is_forced and back_to is not None:
            payload["force"] = True
        try:
            rollback.run(self.context, payload)
            self.is_followed = True
        finally:
            self._note_forced(back_to if is_forced else None)

    def _note_forced(self, version: str | None) -> None:
        """A person may put any version there whose files are complete, also of a training that died."""
        manifest = self.champions.look().manifest
        if manifest and manifest.change and manifest.change.forced and manifest.version == version:
            self.may_serve.add(manifest.run_id)

    def _is_allowed(self, training: Training, answer: str | None) -> bool:
        paused = automation.pause_reason(self.context.serving) is not None
        return training.may_be_promoted and answer != "reject" and (answer == "approve" or not paused)

    def _pick(self, index: int) -> Training:
        return self.trainings[-1 - index % len(self.trainings)]

    def _die(self, write: int, is_after: bool, action: Callable[[], object]) -> None:
        self.is_followed = False
        self.faults.kill_at(write, is_after=is_after)
        self._quietly(action)

    def _interrupt(self, write: int, action: Callable[[], object]) -> None:
        self.is_followed = False
        self.faults.interrupt_at(write, lambda: self._allow_errors(action))

    def _quietly(self, action: Callable[[], object]) -> None:
        try:
            self._allow_errors(action)
        finally:
            self.faults.clear()
        self.is_damaged = self.is_damaged and self.champions.look().problem is not None

    def _allow_errors(self, action: Callable[[], object]) -> None:
        with contextlib.suppress(Killed, InputError, ArtifactError, ConflictError):
            action()
        self._note_champion(self.champions.look().manifest)

    def _note_champion(self, manifest: ChampionManifest | None) -> None:
        if manifest is not None and self.served[-1:] != [manifest.run_id]:
            self.served.append(manifest.run_id)

    def _state(self) -> tuple[object, object]:
        current = self.champions.look()
        return current.state, current.etag

    def _champion_run(self) -> str | None:
        manifest = self.champions.look().manifest
        return None if manifest is None else manifest.run_id

    def _serving_run(self) -> str | None:
        follower = ChampionFollower(self.context.serving, LOADERS, listener=Remembering(), ttl_s=1.0)
        try:
            model = follower.view().model
        except UnavailableError:
            return None
        return None if model is None else model.manifest.run_id

    def _registry_says_what_the_manifest_says(self) -> None:
        manifest = self.champions.look().manifest
        known = {(v.version, v.run_id): v for v in self.registry.versions(MODEL_NAME)}
        alias = self.registry.aliases(MODEL_NAME).get("champion")
        if manifest is not None and (manifest.version, manifest.run_id) in known:
            assert alias == manifest.version
            assert known[manifest.version, manifest.run_id].tags["stage"] == "Production"
        elif self.champions.look().problem is None:
            assert alias is None

    def _every_change_has_its_record(self) -> None:
        earlier = [each.manifest for each in self.champions.history.since_retirement()]
        changes = {each.change for each in filter(None, (self.champions.look().manifest, *earlier))}
        decisions = Decisions(self.context.reports, self.database)
        wanted = {change.execution: change.action.value for change in changes if change}
        assert {name: decisions.load(name).decision for name in wanted} == wanted
        with connect(self.database, application="test") as connection:
            query = "select id, decision from monitoring.decisions where id = any(%s)"
            assert dict(connection.execute(query, [list(wanted)]).fetchall()) == wanted

    def _changes_by(self, execution: str) -> int:
        earlier = [each.manifest for each in self.champions.history.since_retirement()]
        changes = {each.change for each in filter(None, (self.champions.look().manifest, *earlier))}
        return sum(change is not None and change.execution == execution for change in changes)


def test_what_serves_is_what_the_manifest_says_whatever_happens(database: DatabaseSettings) -> None:
    migrate(database)
    machine = type("Machine", (ChampionMachine,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
