"""The error tree; entry points map its branches to HTTP statuses and Step Functions error names."""


class BikecastError(Exception):
    """Anything this project refuses on purpose; the message says what to do."""


class InputError(BikecastError):
    """A request, file or row breaks its contract; the message names the field, file or row."""


class FieldError(InputError):
    """One field of a request asks for what cannot be; the message begins with ``field``, its name."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field


class DataError(BikecastError):
    """Stored data breaks its contract: missing hours, lost joins, values out of range."""


class FeatureError(BikecastError):
    """Features cannot be computed from what was given."""


class JudgementError(BikecastError):
    """A model cannot be judged; the champion stays."""


class ArtifactError(BikecastError):
    """A model artifact is missing, damaged or does not reproduce its golden predictions."""


class StoreError(BikecastError):
    """An object store, database or registry refused or lost a call."""


class ForbiddenError(BikecastError):
    """The caller may not do this; the message says who may."""


class NotFoundError(BikecastError):
    """What was asked for does not exist, or not yet; the message says what makes it."""


class ConflictError(StoreError):
    """Somebody else wrote first; nothing was changed."""


class DeploymentError(BikecastError):
    """The target is not up, not deployed or misses an output."""
