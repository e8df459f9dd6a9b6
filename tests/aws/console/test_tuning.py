"""A search is watched trial by trial, from what its workers write; no database is asked."""

import datetime as dt
import json

import pytest

from bikecast.names import Output, progress_key
from bikecast.study_progress import StudyProgress
from console import ui
from console.cloud.session import Cloud
from console.executions.executions import RUNNING, Execution
from console.executions.following import Watcher
from console.executions.histories import StateRun
from console.executions.tuning import TuningProgress

NAME = "train-1"
NOW = dt.datetime(2025, 4, 1, tzinfo=dt.UTC)
PROGRESS = StudyProgress(
    study=NAME, n_trials=50, n_trials_done=17, n_pruned=9, n_retried=1, n_running=2, best_value=1164.6,
    best_family="xgboost", updated_at=NOW,
)  # fmt: skip


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """A stack whose output names the reports bucket."""
    cloud.s3.create_bucket(Bucket="reports")
    topic = {"Type": "AWS::SNS::Topic"}
    template = {"Resources": {"T": topic}, "Outputs": {Output.REPORTS_BUCKET: {"Value": "reports"}}}
    cloud.cloudformation.create_stack(StackName="bikecast-storage", TemplateBody=json.dumps(template))
    return "reports"


def _execution(*runs: StateRun) -> Execution:
    return Execution("arn", NAME, RUNNING, NOW, None, None, None, None, runs)


def _tuning(*, exited_at: dt.datetime | None = None, items_done: int = 0) -> StateRun:
    return StateRun("Tune", NOW, exited_at=exited_at, items=2, items_done=items_done)


def _shown(cloud: Cloud, *executions: Execution) -> tuple[str, str]:
    """Return the lines that were left behind, and what was under way at the end."""
    activity = ui.Activity("training")
    watcher = Watcher(activity, TuningProgress(cloud, NAME))
    with ui.progress_console.capture() as left:
        for execution in executions:
            watcher(execution)
    return left.get(), activity._line()


def test_a_running_search_says_its_trials_and_best_error(cloud: Cloud, bucket: str) -> None:
    body = PROGRESS.model_dump_json().encode()
    cloud.s3.put_object(Bucket=bucket, Key=progress_key(NAME), Body=body)
    _, under_way = _shown(cloud, _execution(_tuning()), _execution(_tuning(items_done=1)))
    assert "17 of 50 trials, 9 stopped early, 1 failed and tried again" in under_way
    assert "best error 1,165 by xgboost; workers 1 of 2 done" in under_way


def test_a_search_that_has_not_begun_shows_its_workers(cloud: Cloud, bucket: str) -> None:
    assert "Tune 0 of 2 done" in _shown(cloud, _execution(_tuning()))[1]


def test_a_finished_search_leaves_its_last_word_behind(cloud: Cloud, bucket: str) -> None:
    done = PROGRESS.model_copy(update={"n_trials_done": 50})
    key = progress_key(NAME)
    cloud.s3.put_object(Bucket=bucket, Key=key, Body=PROGRESS.model_dump_json().encode())
    tuning = TuningProgress(cloud, NAME)
    assert tuning.read() == PROGRESS
    cloud.s3.put_object(Bucket=bucket, Key=key, Body=done.model_dump_json().encode())
    assert tuning.read() == done
    left, _ = _shown(cloud, _execution(_tuning(exited_at=NOW + dt.timedelta(seconds=90), items_done=2)))
    assert "1:30" in left
    assert "50 of 50 trials" in left
