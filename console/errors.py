"""What the console refuses or cannot finish, said so that a person can act on it."""

from pathlib import Path

from bikecast.errors import BikecastError


class CommandError(BikecastError):
    """A program that the console ran ended badly.

    Args:
        message: What failed, with the last lines of its output.
        log_path: Where its whole output stands.
    """

    def __init__(self, message: str, *, log_path: Path | None = None) -> None:
        super().__init__(message)
        self.log_path = log_path


class ExecutionError(BikecastError):
    """A state machine execution did not succeed.

    Args:
        message: The state, the error and its cause.
        arn: The execution.
    """

    def __init__(self, message: str, *, arn: str) -> None:
        super().__init__(message)
        self.arn = arn


class ApiError(BikecastError):
    """The predictor's API refused a call or could not be reached."""
