"""The container's entry point: ``python -m training_job <step> [<step that follows> ...]``."""

import json
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from bikecast import discovery, tracing
from bikecast.errors import InputError
from bikecast.names import DEFAULT_USE_CASE, STEP_ENDED, WORK_S, Step, result_name
from training_job.runtime import logs
from training_job.runtime.answers import (
    PrintedReply,
    StepReply,
    StoppedError,
    TaskReply,
    beating,
    stopping_on_sigterm,
)
from training_job.runtime.context import Context, build_context
from training_job.runtime.failures import describe
from training_job.runtime.settings import JobSettings, TaskSettings

logger = logging.getLogger("training_job")

# Of a step's result, what its span tells.
TRACED = ("decision", "version", "champion")

Run = Callable[[Context, Mapping[str, Any]], Mapping[str, Any]]
RunStep = Callable[[Step, dict[str, Any]], Mapping[str, Any]]


def main(arguments: Sequence[str]) -> int:
    """Run a step, and those that follow it, and answer for them; 0 if the first succeeded."""
    logs.configure({"step": " ".join(arguments)})
    task = TaskSettings()
    answer = _answer(task)
    try:
        with stopping_on_sigterm(), beating(answer, interval_s=task.heartbeat_interval_s):
            result = run_in_turn(steps_of(arguments), _input_of(task), run=partial(_run, task=task))
        answer.succeed(result)
    except (Exception, StoppedError) as err:
        logger.exception("step failed")
        answer.fail(*describe(err))
        return 1
    return 0


def _answer(task: TaskSettings) -> StepReply:
    if task.task_token is None:
        return PrintedReply()
    import boto3
    from botocore.config import Config

    # Hours of work hang on this answer: it is tried for about a minute.
    patient = Config(retries={"mode": "standard", "total_max_attempts": 10})
    return TaskReply(boto3.client("stepfunctions", config=patient), task.task_token.get_secret_value())


def run_in_turn(steps: Sequence[Step], payload: dict[str, Any], *, run: RunStep) -> Mapping[str, Any]:
    """Return a step's result; with steps that follow it, the input with each one's result by its name.

    A step that follows and fails is left to the state of its own, which runs it again, and tries it again or
    fails by its name. The steps after it are left, too.
    """
    first, *following = steps
    result = run(first, dict(payload))  # a step may take from its input what is not for the others
    if not following:
        return result
    done = {**payload, result_name(first): result}
    for step in following:
        try:
            done[result_name(step)] = run(step, dict(done))
        except (Exception, StoppedError):
            logger.exception("a step that follows in the same container is left to its own state")
            break
    return done


def _input_of(task: TaskSettings) -> dict[str, Any]:
    try:
        payload: dict[str, Any] = json.loads(task.step_input)
    except ValueError as err:
        raise InputError(f"STEP_INPUT is not valid JSON: {err}") from err
    return payload


def _run(step: Step, payload: dict[str, Any], *, task: TaskSettings) -> Mapping[str, Any]:
    settings = JobSettings()
    logs.configure(logs.facts_of(step, payload, code_version=settings.code_version))
    use_case = take_use_case(payload)
    run = find_step(step, use_case=use_case)
    parent = None if task.execution is None else tracing.traceparent_of_execution(task.execution)
    began = time.monotonic()  # what came before is the start of a container: capacity, image, imports
    try:
        with tracing.span(step, parent=parent, use_case=use_case):
            result = run(build_context(settings, use_case=use_case), payload)
            tracing.note(**{name: str(result[name]) for name in TRACED if result.get(name) is not None})
            return result
    finally:
        logger.info(STEP_ENDED, extra={WORK_S: round(time.monotonic() - began, 3)})


def take_use_case(payload: dict[str, Any]) -> str:
    """Return the use case that a step's input is about: that of its request, or one named beside the rest."""
    request = payload.get("request")
    if isinstance(request, dict):
        return str(request.get("use_case", DEFAULT_USE_CASE))
    return str(payload.pop("use_case", DEFAULT_USE_CASE))


def steps_of(arguments: Sequence[str]) -> list[Step]:
    """Return the steps that are named.

    Raises:
        InputError: One of them is not a step, or none is named.
    """
    names = [step.value for step in Step]
    unknown = [argument for argument in arguments if argument not in names]
    if unknown or not arguments:
        raise InputError(f"step: give one of {', '.join(names)} (got {', '.join(unknown) or 'nothing'})")
    return [Step(argument) for argument in arguments]


def find_step(step: Step, *, use_case: str = DEFAULT_USE_CASE) -> Run:
    """Return the step's function; only its own module is imported, so that a step starts fast.

    A use case's own step comes first, then that of declared use cases, then the one that all share.

    Raises:
        InputError: There is no such use case, or it has no such step.
    """
    module = result_name(step)
    own = discovery.own(use_case, f"steps.{module}")
    if own is None and discovery.is_declared(use_case) and find_spec(f"training_job.rows.{module}"):
        declared = import_module(f"training_job.rows.{module}")
        return lambda context, payload: declared.run(context, discovery.load(use_case), payload)
    if own is None and find_spec(f"training_job.steps.{module}") is None:
        raise InputError(f"step: {use_case} has no {step}; it is for declared use cases")
    run: Run = (own or import_module(f"training_job.steps.{module}")).run
    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
