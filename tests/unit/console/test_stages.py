"""A story in stages: a failure says which, why, where to read on and what to do."""

from pathlib import Path

import pytest

from bikecast.errors import DataError
from console.demo.stages import StageError, Stages
from console.errors import CommandError, ExecutionError


def test_stages_are_timed_in_order(tmp_path: Path) -> None:
    story = Stages(2, log_folder=tmp_path)
    for name in ("cloud", "deploy"):
        with story.stage(name, advice=""):
            pass
    assert list(story.seconds) == ["cloud", "deploy"]
    assert story.total_seconds >= sum(story.seconds.values())


def test_a_failed_program_points_to_its_log(tmp_path: Path) -> None:
    log = tmp_path / "cdk-deploy.log"
    with (
        pytest.raises(StageError) as caught,
        Stages(7, log_folder=tmp_path).stage("deploy", advice="read it"),
    ):
        raise CommandError("cdk deploy ended with status 1", log_path=log)
    text = str(caught.value)
    assert all(part in text for part in ("`deploy`", "status 1", str(log), "read it", "make demo"))


def test_a_failed_execution_points_to_the_jobs_lines(tmp_path: Path) -> None:
    with (
        pytest.raises(StageError, match="bikecast logs"),
        Stages(7, log_folder=tmp_path).stage("training", advice="x"),
    ):
        raise ExecutionError("execution train-1 ended FAILED in state Train: Stopped", arn="arn")


def test_any_other_refusal_names_the_log_folder(tmp_path: Path) -> None:
    story = Stages(7, log_folder=tmp_path)
    with pytest.raises(StageError, match=str(tmp_path)), story.stage("data", advice="x"):
        raise DataError("January is missing")
    assert story.seconds == {}


def test_what_nobody_expected_passes_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Stages(7, log_folder=tmp_path).stage("data", advice="x"):
        raise ZeroDivisionError


def test_a_cloud_that_dies_is_named_with_its_stage(tmp_path: Path) -> None:
    from botocore.exceptions import EndpointConnectionError

    with (
        pytest.raises(StageError, match="bikecast up") as caught,
        Stages(7, log_folder=tmp_path).stage("training", advice="x"),
    ):
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")
    assert "`training`" in str(caught.value)
