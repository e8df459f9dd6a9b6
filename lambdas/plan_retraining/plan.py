"""The plan of one retraining: the whole request, defaults filled in, and its workers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.use_case.requests import checked_request


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
    request = checked_request(event.request)
    n_workers = min(request["tuning_workers"], request["n_trials"])
    return {
        "request": request,
        "execution": event.execution,
        "workers": [{"worker": number} for number in range(n_workers)],
    }
