"""How a step answers: results, failures by name, signs of life, and stopping."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from bikecast.errors import DataError, InputError
from bikecast.names import STEP_ENDED, WORK_S, Step
from training_job.__main__ import find_step, run_in_turn, steps_of
from training_job.runtime.answers import StoppedError, TaskReply, beating, stopping_on_sigterm
from training_job.runtime.failures import describe


class Recorder:
    """Remembers what it was told; after ``lives`` beats nobody waits any more."""

    def __init__(self, lives: int) -> None:
        self.lives, self.beats = lives, 0

    def succeed(self, result: Mapping[str, Any]) -> None:
        raise AssertionError("not asked for")

    def fail(self, error: str, cause: str) -> None:
        raise AssertionError("not asked for")

    def beat(self) -> bool:
        self.beats += 1
        return self.beats <= self.lives


def test_a_step_shows_life_while_it_works() -> None:
    recorder = Recorder(lives=1000)
    with beating(recorder, interval_s=0.01):
        time.sleep(0.2)
    seen = recorder.beats
    time.sleep(0.05)
    assert seen >= 3
    assert recorder.beats <= seen + 1


def test_a_step_stops_itself_when_nobody_waits_for_it() -> None:
    with (
        pytest.raises(StoppedError),
        stopping_on_sigterm(),
        beating(Recorder(lives=2), interval_s=0.01),
    ):
        time.sleep(5)


def test_sigterm_becomes_an_answer_that_names_it() -> None:
    with pytest.raises(StoppedError) as caught, stopping_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert describe(caught.value)[0] == "Stopped"


def test_our_errors_keep_their_name_and_sentence() -> None:
    assert describe(DataError("2024-05-01 has no weather")) == ("DataError", "2024-05-01 has no weather")


def test_a_lost_database_has_one_name_however_deep_it_lies() -> None:
    class OperationalError(Exception):
        pass

    try:
        try:
            raise OperationalError("server closed the connection\nsecond line")
        except OperationalError as err:
            raise RuntimeError("MLflow failed") from err
    except RuntimeError as err:
        error, cause = describe(err)
    assert error == "OperationalError"
    assert "server closed the connection" in cause
    assert "second line" not in cause


def test_other_errors_point_to_the_log() -> None:
    error, cause = describe(ZeroDivisionError("division by zero"))
    assert error == "ZeroDivisionError"
    assert "log" in cause


def _answer() -> tuple[TaskReply, Stubber]:
    client = boto3.client(
        "stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    return TaskReply(client, "the-token"), Stubber(client)


def test_results_and_failures_reach_the_state_machine() -> None:
    answer, stub = _answer()
    stub.add_response(
        "send_task_success", {}, {"taskToken": "the-token", "output": json.dumps({"version": "3"})}
    )
    stub.add_response(
        "send_task_failure", {}, {"taskToken": "the-token", "error": "DataError", "cause": "no weather"}
    )
    with stub:
        answer.succeed({"version": "3"})
        answer.fail("DataError", "no weather")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "waits"), [("TaskTimedOut", False), ("TaskDoesNotExist", False), ("Throttling", True)]
)
def test_only_a_task_that_is_gone_ends_the_heartbeat(code: str, waits: bool) -> None:
    answer, stub = _answer()
    stub.add_client_error("send_task_heartbeat", code)
    with stub:
        assert answer.beat() is waits


def test_a_failure_that_nobody_waits_for_is_no_second_failure() -> None:
    answer, stub = _answer()
    stub.add_client_error("send_task_failure", "TaskTimedOut")
    stub.add_client_error("send_task_failure", "AccessDeniedException")
    with stub:
        answer.fail("StoppedError", "told to stop")
        with pytest.raises(ClientError, match="AccessDenied"):
            answer.fail("StoppedError", "told to stop")


def test_an_unknown_step_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="predict-period"):
        steps_of(["migrate", "tun"])


def _adding(step: Step, payload: dict[str, Any]) -> dict[str, Any]:
    """Stand for a step: count what it was given, and fail where the input says so."""
    if payload["fails"] == step:
        raise StoppedError("told to stop") if payload["stopped"] else DataError("no weather")
    return {"given": sorted(payload)}


def test_a_step_alone_returns_its_own_result() -> None:
    payload = {"fails": None, "stopped": False}
    assert run_in_turn([Step.TRAIN], payload, run=_adding) == {"given": ["fails", "stopped"]}


def test_steps_in_one_container_hand_their_results_on_by_name() -> None:
    payload = {"fails": None, "stopped": False}
    done = run_in_turn([Step.PROMOTE, Step.REFRESH_DASHBOARD], payload, run=_adding)
    assert done == {
        **payload,
        "promote": {"given": ["fails", "stopped"]},
        "refresh_dashboard": {"given": ["fails", "promote", "stopped"]},
    }


@pytest.mark.parametrize("stopped", [False, True])
def test_a_following_step_that_fails_or_is_stopped_is_left_to_its_own_state(stopped: bool) -> None:
    payload = {"fails": "evaluate", "stopped": stopped}
    done = run_in_turn([Step.TRAIN, Step.EVALUATE, Step.PROMOTE], payload, run=_adding)
    assert done == {**payload, "train": {"given": ["fails", "stopped"]}}


def test_a_first_step_that_fails_fails_by_its_own_error() -> None:
    with pytest.raises(DataError, match="no weather"):
        run_in_turn([Step.TRAIN, Step.EVALUATE], {"fails": "train", "stopped": False}, run=_adding)


def test_every_step_has_its_module() -> None:
    of_rows = (Step.EVALUATE, Step.LOAD_FILES)  # the first draws plots, the second is not citibike's
    assert all(callable(find_step(step)) for step in Step if step not in of_rows)
    assert callable(find_step(Step.LOAD_FILES, use_case="obesity"))
    with pytest.raises(InputError, match="citibike has no load-files"):
        find_step(Step.LOAD_FILES)


@pytest.mark.parametrize("heavy", ["mlflow", "optuna", "sklearn", "matplotlib", "xgboost", "pandas"])
def test_the_entry_point_imports_nothing_heavy(heavy: str) -> None:
    code = f"import sys, training_job.__main__; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_bad_input_fails_with_field_and_reason() -> None:
    environment = os.environ | {
        "STEP_INPUT": json.dumps({"request": {"n_trials": "many"}, "execution": "x"}),
        "DATA_BUCKET": "a",
        "ARTIFACTS_BUCKET": "b",
        "SERVING_BUCKET": "c",
        "REPORTS_BUCKET": "d",
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_USER": "nobody",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    environment.pop("TASK_TOKEN", None)
    done = subprocess.run(
        [sys.executable, "-m", "training_job", "prepare"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "InputError: request.n_trials" in done.stderr
    (ended,) = [json.loads(line) for line in done.stderr.splitlines() if f'"{STEP_ENDED}"' in line]
    assert 0 <= ended[WORK_S] < 60
