"""A step that dies, or is overtaken, at each of its writes in turn: what is left is whole."""

import copy
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from bikecast.names import MODEL_NAME
from tests.postgres import Server
from tests.training_job.faults import Killed
from tests.training_job.test_champion_machine import ChampionMachine
from training_job.migrations import migrate
from training_job.publication.following import follow_champion

pytestmark = pytest.mark.xdist_group("champion-machine")
MOST_WRITES = 40
Act = Callable[[ChampionMachine], object]
Decide = Callable[[ChampionMachine], dict[str, str]]


@pytest.fixture(scope="module")
def template(postgres: Server) -> Iterator[ChampionMachine]:
    """A deployment with two champions behind it and two challengers that were judged."""
    database = postgres.create_database()
    migrate(database)
    kind = type("Machine", (ChampionMachine,), {"database": database})
    machine: ChampionMachine = kind()
    for _ in range(2):
        machine._train(MODEL_NAME, is_better=True)
        machine._promote(machine._pick(0), None)
    for _ in range(2):
        machine._train(MODEL_NAME, is_better=True)
    yield machine
    machine.teardown()


@contextmanager
def copied(template: ChampionMachine) -> Iterator[ChampionMachine]:
    """A machine in the template's state, to be changed."""
    machine = type(template)()
    shutil.copytree(template._folder, machine._folder, dirs_exist_ok=True)
    machine.registry._versions = copy.deepcopy(template.registry._versions)
    machine.registry._aliases = copy.deepcopy(template.registry._aliases)
    machine.trainings, machine.may_serve = list(template.trainings), set(template.may_serve)
    try:
        yield machine
    finally:
        machine.teardown()


def _first(machine: ChampionMachine) -> dict[str, str]:
    return dict(machine._promote(machine._pick(1), None))


def _second(machine: ChampionMachine) -> dict[str, str]:
    return dict(machine._promote(machine._pick(0), None))


def _back(machine: ChampionMachine) -> None:
    machine._roll_back(None, is_forced=False)


def _check(machine: ChampionMachine) -> None:
    machine._registry_says_what_the_manifest_says()
    machine._every_change_has_its_record()
    machine.what_serves_is_what_the_manifest_says()
    machine.a_way_back_exists_once_there_were_two()
    machine.every_change_is_on_record()


def _n_writes(template: ChampionMachine, act: Act) -> int:
    with copied(template) as machine:
        machine.faults.kill_at(MOST_WRITES, is_after=False)
        act(machine)
        return MOST_WRITES - machine.faults.left


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("act", [_second, _back])
def test_a_step_that_dies_at_any_write_left_the_state_before_or_the_state_after(
    template: ChampionMachine, act: Act, is_after: bool
) -> None:
    for write in range(_n_writes(template, act)):
        with copied(template) as machine:
            before = machine._champion_run()
            machine.faults.kill_at(write, is_after=is_after)
            with pytest.raises(Killed):
                act(machine)
            machine.faults.clear()
            assert machine._champion_run() in (
                before,
                machine.trainings[-1].run_id,
                machine.trainings[0].run_id,
            )
            follow_champion(machine.context)
            _check(machine)


def test_a_promotion_that_died_at_any_write_is_completed_by_repeating_it(template: ChampionMachine) -> None:
    for write in range(_n_writes(template, _second)):
        with copied(template) as machine:
            machine.faults.kill_at(write, is_after=True)
            with pytest.raises(Killed):
                _second(machine)
            machine.faults.clear()
            result = machine._promote(machine._pick(0), None)
            assert result["decision"] == "promoted"
            assert machine._champion_run() == machine.trainings[-1].run_id
            _check(machine)


@pytest.mark.parametrize("is_after", [False, True])
def test_a_rollback_that_died_at_any_write_is_completed_by_repeating_its_execution(
    template: ChampionMachine, is_after: bool
) -> None:
    for write in range(_n_writes(template, _back)):
        with copied(template) as machine:
            machine.faults.kill_at(write, is_after=is_after)
            with pytest.raises(Killed):
                machine._roll_back(None, is_forced=False, execution="rollback-1")
            machine.faults.clear()
            machine._roll_back(None, is_forced=False, execution="rollback-1")
            _check_rolled_back(machine)
            machine._train(MODEL_NAME, is_better=True)
            machine._promote(machine._pick(0), None)
            machine._roll_back(None, is_forced=False, execution="rollback-1")
            assert machine._champion_run() == machine.trainings[-1].run_id


@pytest.mark.parametrize("version", [None, "1"])
def test_a_rollback_that_died_at_any_write_is_completed_by_the_next_that_asks_for_the_same(
    template: ChampionMachine, version: str | None
) -> None:
    for write in range(_n_writes(template, _back)):
        with copied(template) as machine:
            machine.faults.kill_at(write, is_after=False)
            with pytest.raises(Killed):
                machine._roll_back(version, is_forced=False)
            machine.faults.clear()
            machine._roll_back(version, is_forced=False)
            _check_rolled_back(machine)


def test_a_rollback_that_died_does_not_keep_another_version_from_being_put_back(
    template: ChampionMachine,
) -> None:
    for write in range(_n_writes(template, _back)):
        with copied(template) as machine:
            _second(machine)
            machine.faults.kill_at(write, is_after=False)
            with pytest.raises(Killed):
                _back(machine)
            machine.faults.clear()
            machine._roll_back("1", is_forced=False)
            assert machine._champion_run() == machine.trainings[0].run_id
            _check(machine)


def _check_rolled_back(machine: ChampionMachine) -> None:
    assert machine._champion_run() == machine.trainings[0].run_id
    _check(machine)


def test_what_died_at_any_write_is_on_record_once_somebody_else_changes_the_champion(
    template: ChampionMachine,
) -> None:
    for write in range(_n_writes(template, _second)):
        with copied(template) as machine:
            machine.faults.kill_at(write, is_after=True)
            with pytest.raises(Killed):
                _second(machine)
            machine.faults.clear()
            machine._note_champion(machine.champions.look().manifest)
            _back(machine)
            _check(machine)


@pytest.mark.parametrize(
    ("act", "other"), [(_second, _first), (_second, _back), (_back, _second), (_back, _back)]
)
def test_of_two_at_once_each_does_all_or_nothing_and_everybody_agrees_on_who_serves(
    template: ChampionMachine, act: Act, other: Act
) -> None:
    for write in range(_n_writes(template, act)):
        with copied(template) as machine:
            machine._interrupt(write, partial(other, machine))
            machine._quietly(partial(act, machine))
            _check(machine)


def test_of_two_promotions_at_once_one_is_promoted(template: ChampionMachine) -> None:
    for write in range(_n_writes(template, _second)):
        with copied(template) as machine:
            decisions: list[str] = []

            def decide(act: Decide, machine: ChampionMachine, decisions: list[str]) -> None:
                decisions.append(act(machine)["decision"])

            machine._interrupt(write, partial(decide, _first, machine, decisions))
            machine._quietly(partial(decide, _second, machine, decisions))
            assert sorted(decisions) == ["promoted", "rejected"]


def test_of_two_challengers_judged_against_one_champion_the_second_is_rejected(
    template: ChampionMachine,
) -> None:
    with copied(template) as machine:
        assert _first(machine)["decision"] == "promoted"
        assert _second(machine)["decision"] == "rejected"
        _check(machine)
