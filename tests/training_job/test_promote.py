"""What ``promote`` decides, why, and what it tells: one case for each of its sentences."""

from typing import Any

import pytest

from bikecast.names import AUTOMATION_KEY, MODEL_NAME, SIMULATED_MARKER_KEY
from bikecast.registry.artifacts import write_once
from bikecast.registry.decisions import DecisionRecord, Decisions
from tests.training_job.made_up_trainings import Training
from tests.training_job.test_champion_machine import ChampionMachine
from tests.training_job.test_deaths import copied, template
from training_job.steps import promote

__all__ = ["template"]
pytestmark = pytest.mark.xdist_group("champion-machine")
YES = {"decision": "approve", "by": "ada", "reason": "it is spring"}
NO = {"decision": "reject", "by": "ada", "reason": "wait for the holiday"}


@pytest.fixture
def machine(template: ChampionMachine) -> Any:
    """Version 2 serves, 1 did before; 3 and 4 were judged against 2."""
    with copied(template) as machine:
        yield machine


def _promote(machine: ChampionMachine, job: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return dict(promote.run(machine.context, job | changes))


def _record(machine: ChampionMachine, training: Training) -> DecisionRecord:
    return Decisions(machine.context.reports, machine.database).load(training.execution)


def _tags(machine: ChampionMachine, version: str) -> dict[str, str]:
    return {each.version: dict(each.tags) for each in machine.registry.versions(MODEL_NAME)}[version]


def _candidate(machine: ChampionMachine) -> str | None:
    return machine.registry.aliases(MODEL_NAME).get("candidate")


def test_a_promotion_tells_who_serves_instead_of_whom_and_closes_its_run(machine: ChampionMachine) -> None:
    training = machine.trainings[-1]
    wanted = {
        "decision": "promoted",
        "reason": "made up",
        "version": "4",
        "champion": "4",
        "previous": "2",
        "decision_key": training.job["evaluate"]["decision_key"],
    }
    assert _promote(machine, training.job, approval=YES) == wanted
    assert machine.registry.finished == {training.run_id}
    record = _record(machine, training)
    assert (record.decision, record.reason, record.approval) == ("promoted", "made up", YES)
    assert _tags(machine, "4")["validation_status"] == "approved"
    assert "reason" not in _tags(machine, "4")
    assert _promote(machine, training.job, approval=NO) == wanted  # repeated: it cannot be refused any more


def test_what_nobody_was_asked_about_has_no_approval_on_record(machine: ChampionMachine) -> None:
    _promote(machine, machine.trainings[-1].job)
    assert _record(machine, machine.trainings[-1]).approval is None


def test_a_rejected_version_says_why_and_is_no_candidate_any_more(machine: ChampionMachine) -> None:
    training = machine.trainings[-1]
    assert _candidate(machine) == "4"
    told = _promote(machine, training.job, approval=NO)
    reason = "not approved by ada: wait for the holiday"
    assert (told["decision"], told["reason"], told["version"]) == ("rejected", reason, "4")
    assert (told["champion"], told["previous"]) == ("2", "1")
    record = _record(machine, training)
    assert (record.decision, record.reason, record.approval) == ("rejected", reason, NO)
    tags = _tags(machine, "4")
    assert (tags["stage"], tags["validation_status"], tags["reason"]) == ("Archived", "rejected", reason)
    assert _candidate(machine) is None
    assert machine.registry.finished == {training.run_id}


def test_another_ones_candidate_stays_when_a_version_is_rejected(machine: ChampionMachine) -> None:
    _promote(machine, machine.trainings[-2].job, approval=NO)
    assert _candidate(machine) == "4"
    assert _tags(machine, "3")["validation_status"] == "rejected"
    assert _tags(machine, "4")["validation_status"] == "pending"


def test_where_nothing_serves_a_rejection_names_no_champion(template: ChampionMachine) -> None:
    machine = type(template)()
    try:
        machine._train(MODEL_NAME, is_better=False)
        told = _promote(machine, machine.trainings[0].job)
        assert (told["reason"], told["champion"], told["previous"]) == ("made up", None, None)
        machine._train(MODEL_NAME, is_better=True)
        told = _promote(machine, machine.trainings[1].job)
        assert (told["decision"], told["champion"], told["previous"]) == ("promoted", "2", None)
    finally:
        machine.teardown()


def test_a_pause_stops_what_no_person_approved(machine: ChampionMachine) -> None:
    machine.pause()
    told = _promote(machine, machine.trainings[-2].job)
    assert told["reason"] == "promotion is paused: drift; `bikecast resume` lifts it"
    assert _promote(machine, machine.trainings[-1].job, approval=YES)["decision"] == "promoted"


def test_a_switch_that_cannot_be_read_is_a_pause(machine: ChampionMachine) -> None:
    machine.context.serving.write(AUTOMATION_KEY, b"{")
    assert _promote(machine, machine.trainings[-1].job)["decision"] == "rejected"


def test_what_simulated_data_taught_serves_only_while_the_data_are_simulated(
    machine: ChampionMachine,
) -> None:
    jobs = [each.job for each in machine.trainings[-2:]]
    simulated = [job | {"prepare": job["prepare"] | {"simulated": True}} for job in jobs]
    told = _promote(machine, simulated[0])
    assert told["reason"] == "it learned from simulated data, and real data was loaded since"
    machine.context.data.write(SIMULATED_MARKER_KEY, b"")
    assert _promote(machine, simulated[1])["decision"] == "promoted"


def test_a_challenger_of_a_champion_that_was_replaced_is_rejected(machine: ChampionMachine) -> None:
    _promote(machine, machine.trainings[-2].job)
    assert _promote(machine, machine.trainings[-1].job)["reason"] == (
        "the champion changed from version 2 to 3 since the challenger was judged; train again"
    )


def test_a_trial_under_another_name_is_never_promoted(machine: ChampionMachine) -> None:
    machine._train("other", is_better=True)
    job = machine.trainings[-1].job
    told = _promote(machine, job, evaluate=job["evaluate"] | {"decision": "promote"})
    assert told["reason"] == "a training as 'other' is a trial and never promoted"
    assert told["champion"] == "2"
    [trial] = machine.registry.versions("other")
    assert trial.tags["validation_status"] == "rejected"
    assert machine.registry.aliases("other") == {}
    assert _candidate(machine) == "4"


def test_files_that_cannot_be_the_challengers_are_named(machine: ChampionMachine) -> None:
    job, serving = machine.trainings[-1].job, machine.context.serving
    evaluated = job["evaluate"]
    told = _promote(machine, job, evaluate=evaluated | {"manifest": None})
    assert told["reason"] == "its files do not load: no manifest was handed over; train again"
    other = machine.trainings[-2].job["evaluate"]["manifest"]
    reason = _promote(machine, job, evaluate=evaluated | {"manifest": other})["reason"]
    assert reason.startswith("its files do not load: the manifest is that of model_name=")
    assert f"not of model_name='{MODEL_NAME}' version='4'" in reason
    damaged = write_once(serving, "models/damaged/", "manifest.json", b"{").model_dump()
    reason = _promote(machine, job, evaluate=evaluated | {"manifest": damaged})["reason"]
    assert reason.startswith(f"its files do not load: {serving.uri(damaged['key'])} is not a champion mani")


@pytest.mark.parametrize(
    ("strikes", "decision", "reason"),
    [
        (8, "promoted", "made up"),
        (10, "rejected", "the champion kept changing; train again to be judged against it"),
    ],
)
def test_a_champion_that_changes_meanwhile_is_looked_at_anew_five_times(
    machine: ChampionMachine, strikes: int, decision: str, reason: str
) -> None:
    left = strikes  # each attempt writes twice: what it replaces to the records, and the champion

    def refresh() -> None:
        nonlocal left
        current = machine.champions.read()
        assert current.manifest is not None
        fresh = current.manifest.model_copy(update={"code_version": f"fresh {left}"})
        machine.champions.refresh(fresh, replacing=current)
        left -= 1
        if left:
            machine.faults.interrupt_at(0, refresh)

    machine.faults.interrupt_at(0, refresh)
    told = _promote(machine, machine.trainings[-1].job)
    assert (told["decision"], told["reason"], left) == (decision, reason, 0)
