"""The plan of one retraining: the whole request, defaults filled in, and its workers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.errors import InputError
from bikecast.requests import RetrainRequest, parse_request


class Event(BaseModel):
    """What the state machine hands over."""

    model_config = ConfigDict(frozen=True)

    request: Any = Field(description="The execution's whole input, as the caller wrote it.")
    execution: str = Field(min_length=1, description="Name of the execution.")


def plan_retraining(event: Event) -> dict[str, Any]:
    """Return the checked request with all its defaults, and one item for each tuning worker.

    Raises:
        InputError: The request breaks its contract; every bad field is named.
    """
    if not isinstance(event.request, dict):
        raise InputError(f"input: must be a JSON object (got {event.request!r})")
    request = parse_request(RetrainRequest, event.request)
    return {
        "request": request.model_dump(mode="json"),
        "execution": event.execution,
        "workers": [{"worker": number} for number in range(min(request.tuning_workers, request.n_trials))],
    }
