"""The container's entry point: ``python -m training_job <step>``."""

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from bikecast.errors import InputError
from bikecast.names import Step
from training_job import logs
from training_job.answers import Answer, PrintedAnswer, StoppedError, TaskAnswer, beating, stopping_on_sigterm
from training_job.context import Context, build_context
from training_job.failures import describe
from training_job.settings import JobSettings, TaskSettings

logger = logging.getLogger("training_job")

Run = Callable[[Context, Mapping[str, Any]], Mapping[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Run one step and answer for it; 0 if it succeeded."""
    logs.configure({"step": " ".join(arguments)})
    task = TaskSettings()
    answer = _answer(task)
    try:
        with stopping_on_sigterm(), beating(answer, interval_s=task.heartbeat_interval_s):
            result = _run(arguments, task)
        answer.succeed(result)
    except (Exception, StoppedError) as err:
        logger.exception("step failed")
        answer.fail(*describe(err))
        return 1
    return 0


def _answer(task: TaskSettings) -> Answer:
    if task.task_token is None:
        return PrintedAnswer()
    import boto3

    return TaskAnswer(boto3.client("stepfunctions"), task.task_token.get_secret_value())


def _run(arguments: Sequence[str], task: TaskSettings) -> Mapping[str, Any]:
    run = find_step(arguments)
    try:
        payload = json.loads(task.step_input)
    except ValueError as err:
        raise InputError(f"STEP_INPUT is not valid JSON: {err}") from err
    settings = JobSettings()
    logs.configure(logs.facts_of(arguments[0], payload, code_version=settings.code_version))
    return run(build_context(settings), payload)


def find_step(arguments: Sequence[str]) -> Run:
    """Return the step's function; only its own module is imported, so that a step starts fast.

    Raises:
        InputError: There is no such step.
    """
    names = [step.value for step in Step]
    if len(arguments) != 1 or arguments[0] not in names:
        raise InputError(f"step: give one of {', '.join(names)} (got {' '.join(arguments) or 'nothing'})")
    module = arguments[0].replace("-", "_")
    run: Run = import_module(f"training_job.steps.{module}").run
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
