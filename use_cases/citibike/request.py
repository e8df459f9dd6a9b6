"""The retraining request of hourly demand."""

from pydantic import ConfigDict, Field

from bikecast.requests import RetrainRequest, TrainingScope


class HourlyRequest(TrainingScope, RetrainRequest):
    """Input of a training on days of demand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_size: float = Field(
        0.2, gt=0.0, lt=0.9, strict=True, description="Share of hours held out: the last ones in time."
    )


REQUEST = HourlyRequest
