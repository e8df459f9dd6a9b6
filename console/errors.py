"""Errors of the console, with messages that say what to do."""

from pathlib import Path
from typing import Any

from bikecast.errors import BikecastError, DeploymentError


class CommandError(BikecastError):
    """A program that the console ran ended badly.

    Args:
        message: What failed, with the last lines of its output.
        log_path: The file with its whole output.
    """

    def __init__(self, message: str, *, log_path: Path | None = None) -> None:
        super().__init__(message)
        self.log_path = log_path


class ExecutionError(BikecastError):
    """A state machine execution did not succeed.

    Args:
        message: The state, the error and its cause.
        arn: The execution.
        report: What it had stored about its work before it failed.
    """

    def __init__(self, message: str, *, arn: str, report: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.arn = arn
        self.report = report


class ApiError(BikecastError):
    """The predictor's API failed or could not be reached."""


class NoCloudError(DeploymentError):
    """No embedded cloud runs in this clone."""


class FileAccessError(BikecastError):
    """A file or folder of this machine cannot be read or written; the message names it."""


def sdk_errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises; asked for only when something was raised, so that help stays quick."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)


def refusal(err: Exception) -> DeploymentError:
    """Translate an error of boto3 into one that says what to do."""
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.exceptions import HTTPClientError, NoCredentialsError

    if isinstance(err, NoConnectionError | HTTPClientError):
        return DeploymentError(
            f"the cloud does not answer ({err}); `bikecast status` shows what has died and its log, "
            "`bikecast up` starts it again"
        )
    if isinstance(err, NoCredentialsError):
        return DeploymentError("no AWS credentials found: run `aws configure` or set AWS_PROFILE")
    return DeploymentError(f"the cloud refused: {err}")
