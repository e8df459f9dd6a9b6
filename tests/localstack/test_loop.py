"""The whole loop on LocalStack's own code, part by part; the parts build on one another."""

import json
import re
import signal
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from bikecast import discovery
from bikecast.names import Containers, Failure
from tests.deployment import eventually
from tests.faults import kill, processes
from tests.localstack.bench import Bench, worker
from tests.localstack.conftest import Clock
from tests.remains import left

pytestmark = [pytest.mark.on_demand, pytest.mark.localstack, pytest.mark.timeout(1200)]

HOUR = ("--date", "2025-04-02 08:00", "--tmax", "61", "--tmin", "44")
# A worker's database is there already, and needs no network: its stack holds logins alone.
STACKS = {Containers.ECS: 6, Containers.WORKER: 5}
KILLED = {
    Containers.ECS: "Prepare: a container died, was killed or ran out of memory",
    Containers.WORKER: "prepare: its process on the worker was killed by signal 9",
}
# What was there before the first deployment.
BROUGHT = {Containers.ECS: {}, Containers.WORKER: {"secrets": ["bikecast/database"]}}
# Without a plan there is no such service; the bench's own lists nothing.
UNSERVED = ("databases", "clusters")
TRAIN = ("train", "--trials", "4")
OBESITY = ("--use-case", "obesity")


def test_all_stacks_are_deployed(bench: Bench, clock: Clock) -> None:
    with clock.part("deployment"):
        bench.bikecast("deploy")
    stacks = bench.stacks()
    assert len(stacks) == STACKS[clock.way]
    assert set(stacks.values()) == {"CREATE_COMPLETE"}


def test_a_second_deployment_changes_nothing(bench: Bench, clock: Clock) -> None:
    before = bench.bikecast("outputs")
    with clock.part("deployment again"):
        bench.bikecast("deploy")
    assert bench.bikecast("outputs") == before


@pytest.mark.usefixtures("steps")
def test_simulated_data_are_loaded(bench: Bench, clock: Clock) -> None:
    with clock.part("load"):
        bench.bikecast("load", "--simulate")


@pytest.mark.usefixtures("steps")
def test_the_first_model_is_promoted(bench: Bench, clock: Clock) -> None:
    with clock.part("training"):
        trained = bench.bikecast(*TRAIN)
    assert (trained["status"], trained["decision"]) == ("SUCCEEDED", "promote")
    assert bench.champion()["version"] == "1"


@pytest.mark.usefixtures("steps")
def test_a_model_that_is_not_better_is_rejected(bench: Bench, clock: Clock) -> None:
    with clock.part("training again"):
        trained = bench.bikecast(*TRAIN)
    assert (trained["status"], trained["decision"]) == ("SUCCEEDED", "reject")
    assert bench.champion()["version"] == "1"


def test_a_prediction_is_answered_and_captured(bench: Bench, clock: Clock) -> None:
    with clock.part("prediction"):
        answer = bench.bikecast("predict", *HOUR)
    assert "champion" in json.dumps(answer)
    query = "select model_version from monitoring.predictions where predicted_for = '2025-04-02 08:00'"
    with clock.part("capture"):
        assert eventually(lambda: bench.sql(query)) == [("1",)]


@pytest.mark.usefixtures("steps")
def test_a_window_is_judged(bench: Bench, clock: Clock) -> None:
    end = bench.champion()["holdout"]["end"][:10]
    with clock.part("drift"):
        [window] = bench.bikecast("drift", "--to", end, "--weeks", "1")
    assert window["verdict"] in {"ok", "watch", "degraded", "severe"}
    bench.client("s3").head_object(Bucket=bench.outputs["buckets"]["reports"], Key=window["report_key"])


def test_logs_of_functions_and_steps_are_found(bench: Bench) -> None:
    lines = bench.lines("logs", "predict", "job", "plan_retraining", "--since", "1h")
    assert {line["role"] for line in lines} == {"predict", "job", "plan_retraining"}
    assert bench.bikecast("redrive") == {"dead_letters": 0, "logged": 0}


@pytest.mark.usefixtures("steps")
def test_a_declared_use_case_runs_beside_it(bench: Bench, clock: Clock) -> None:
    with clock.part("declared use case"):
        bench.bikecast(*OBESITY, "deploy")
        bench.bikecast(*OBESITY, "load", "--simulate")
        trained = bench.bikecast(*OBESITY, *TRAIN)
        ask_for_a_window(bench)
        [window] = bench.bikecast(*OBESITY, "drift")
    assert len(bench.stacks()) == STACKS[clock.way] + 2
    assert (trained["status"], trained["decision"]) == ("SUCCEEDED", "promote")
    assert window["verdict"] in {"ok", "watch", "degraded", "severe"}
    assert bench.champion()["version"] == "1"  # the other one's


@pytest.mark.usefixtures("steps")
def test_a_training_is_stopped_and_its_step_ends(bench: Bench, clock: Clock) -> None:
    execution = bench.bikecast(*TRAIN, "--no-wait")["execution"]
    eventually(lambda: processes(bench, "training_job"))
    with clock.part("stop"):
        bench.bikecast("stop", execution.rsplit(":", 1)[-1])
        assert bench.finished(execution)["status"] == "ABORTED"
        eventually(lambda: not processes(bench, "training_job"))


@pytest.mark.usefixtures("steps")
def test_a_killed_step_fails_by_name_with_its_cause(bench: Bench, clock: Clock) -> None:
    execution = bench.bikecast(*TRAIN, "--no-wait")["execution"]
    with clock.part("killed step"):
        kill(bench, "training_job", "prepare")
        ended = bench.finished(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", Failure.CONTAINER_LOST)
    assert ended["cause"].startswith(KILLED[clock.way])
    assert bench.champion()["version"] == "1"


@pytest.mark.usefixtures("steps")
def test_a_killed_tuning_worker_resumes_unless_its_end_was_reported(bench: Bench, clock: Clock) -> None:
    """LocalStack tries again with the same token: a reported end may be its answer again, silence is not."""
    execution = bench.bikecast(*TRAIN, "--no-wait")["execution"]
    with clock.part("killed tuning worker"):
        kill(bench, "training_job", "tune")
        ended = bench.finished(execution)
    if ended["status"] == "SUCCEEDED":
        return
    assert clock.way is Containers.WORKER
    assert (ended["status"], ended["error"]) == ("FAILED", Failure.CONTAINER_LOST)
    assert ended["cause"].startswith("tune: its process on the worker was killed")


def test_a_worker_that_is_told_to_end_stops_its_step_and_leaves_nothing(
    bench: Bench, clock: Clock, steps: "subprocess.Popen[bytes] | None"
) -> None:
    if steps is None:
        pytest.skip("no worker runs the steps")
    execution = bench.bikecast(*TRAIN, "--no-wait")["execution"]
    # The longest step: it is still there when its worker is told to end.
    eventually(lambda: any(map(can_be_told, processes(bench, "-m training_job train"))))
    with clock.part("end of the worker"):
        steps.terminate()
        assert steps.wait(timeout=60) == 0
        ended = bench.finished(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Stopped")
    assert processes(bench, "training_job") == []


def test_a_killed_worker_leaves_no_step_behind(bench: Bench, way: Containers) -> None:
    if way is Containers.ECS:
        pytest.skip("no worker runs the steps")
    with worker(bench) as process:
        execution = bench.bikecast(*TRAIN, "--no-wait")["execution"]
        eventually(lambda: processes(bench, "training_job", "prepare"))
        process.kill()
        eventually(lambda: not processes(bench, "training_job"))
        assert bench.finished(execution)["status"] == "FAILED"


def test_destroying_leaves_nothing(bench: Bench, clock: Clock) -> None:
    with clock.part("destruction"):
        destroyed = bench.bikecast("destroy", "--yes")
    assert len(destroyed["deleted"]) == STACKS[clock.way] + 2
    assert destroyed["kept"] == []
    assert left(bench, unserved=UNSERVED) == BROUGHT[clock.way]


def ask_for_a_window(bench: Bench) -> None:
    """Ask the declared use case about as many rows as a window has, and wait until all are stored."""
    use_case, outputs = discovery.load("obesity"), bench.bikecast(*OBESITY, "outputs")
    rows = [dict(use_case.api.examples[0])] * (use_case.monitoring.window_rows or 0)
    headers = {"x-api-key": outputs["api_key"]}
    answer = httpx.post(
        f"{outputs['api_url']}/predict", json={"input_data": rows}, headers=headers, timeout=60
    )
    assert answer.status_code == 200, answer.text
    query = "select count(*) from monitoring.predictions where use_case = 'obesity'"
    eventually(lambda: bench.sql(query) == [(len(rows),)])


def can_be_told(process: psutil.Process) -> bool:
    """Tell whether a step listens to SIGTERM yet; before that it can only be killed, and counts as lost."""
    if "init.py" in " ".join(process.cmdline()):
        return False
    [caught] = re.findall(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)
