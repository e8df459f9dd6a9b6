"""Replies of a step to its state machine: result, failure, and heartbeats in between."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from bikecast.names import GONE_TASK_ERRORS

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger(__name__)

LONGEST_CAUSE = 30_000
LONGEST_ERROR = 250


class StoppedError(BaseException):
    """The container was told to stop; not an ``Exception``, so that no library swallows it."""


class StepReply(Protocol):
    """Where result and failure go."""

    def succeed(self, result: Mapping[str, Any]) -> None:
        """Report the result."""
        ...

    def fail(self, error: str, cause: str) -> None:
        """Report a failure by its class name and a sentence a person can act on."""
        ...

    def beat(self) -> bool:
        """Show life; return False once nobody waits for an answer any more."""
        ...


class PrintedReply:
    """Answers a person at a terminal."""

    def succeed(self, result: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")

    def fail(self, error: str, cause: str) -> None:
        sys.stderr.write(f"{error}: {cause}\n")

    def beat(self) -> bool:
        return True


class TaskReply:
    """Answers the state machine that holds the token.

    Args:
        client: A boto3 Step Functions client.
        token: Names the waiting task; never logged.
    """

    def __init__(self, client: "SFNClient", token: str) -> None:
        self._client, self._token = client, token

    def succeed(self, result: Mapping[str, Any]) -> None:
        with _unless_nobody_waits():
            self._client.send_task_success(taskToken=self._token, output=json.dumps(result))

    def fail(self, error: str, cause: str) -> None:
        with _unless_nobody_waits():
            self._client.send_task_failure(
                taskToken=self._token, error=error[:LONGEST_ERROR], cause=cause[:LONGEST_CAUSE]
            )

    def beat(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.send_task_heartbeat(taskToken=self._token)
        except ClientError as err:
            logger.warning("heartbeat refused", extra={"code": _code(err)})
            return _code(err) not in GONE_TASK_ERRORS
        except BotoCoreError as err:
            logger.warning("heartbeat not sent", extra={"problem": str(err)})
        return True


@contextmanager
def _unless_nobody_waits() -> Iterator[None]:
    """Pass over an answer that nobody waits for: the execution is over, or an earlier attempt arrived."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as err:
        if _code(err) not in GONE_TASK_ERRORS:
            raise
        logger.warning("nobody waits for this answer any more", extra={"code": _code(err)})


def _code(err: "ClientError") -> str:
    return err.response.get("Error", {}).get("Code", "")


@contextmanager
def beating(answer: StepReply, *, interval_s: float) -> Iterator[None]:
    """Show life in the background; when nobody waits any more, stop this process as ECS would."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(interval_s):
            if not answer.beat():
                logger.error("the execution no longer waits for this step; stopping")
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into ``StoppedError``, so that a stopped container still says so."""

    def stop(signum: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
        raise StoppedError(
            "the container was told to stop (SIGTERM) before the step was done; start it again"
        )

    previous = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
