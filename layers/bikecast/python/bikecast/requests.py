"""Requests to the state machines, with defaults; unknown keys and bad values are named."""

import datetime as dt
import json
import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bikecast.errors import InputError
from bikecast.names import DEFAULT_USE_CASE, MODEL_NAME


def _written_out(value: object) -> object:
    """Let dates through, and text as people write days; a number would be seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("write the day as 2024-01-31")
    if not isinstance(value, str | dt.date):
        raise ValueError("expected text such as 2024-01-31")
    return value


Day = Annotated[dt.date, BeforeValidator(_written_out)]


class SearchScope(BaseModel):
    """How long a training searches; everything is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_trials: int = Field(50, ge=1, le=10_000, strict=True, description="Hyperparameter sets to try.")
    tuning_workers: int = Field(2, ge=1, le=40, strict=True, description="Containers that try them.")


class RetrainRequest(SearchScope):
    """Input of the retrain state machine that every use case has: the search, and how the result is judged.

    What else there is belongs to the split of the use case. Under another ``registered_model_name`` than its
    own it is a trial: registered and judged, never promoted.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    use_case: str = DEFAULT_USE_CASE
    random_state: int = Field(42, ge=0, lt=2**32, strict=True)
    registered_model_name: str = Field(
        MODEL_NAME,
        min_length=1,
        max_length=200,
        pattern=r"^\w[\w.-]*$",
        description="Where it is registered; another name makes it a trial.",
    )
    threshold: float = Field(
        0.1,
        ge=0.0,
        lt=1.0,
        strict=True,
        description="Relative fall of the error that promotes.",
    )
    approval: bool = Field(False, strict=True, description="Wait for a person before promoting.")

    @property
    def split(self) -> dict[str, Any]:
        """The fields that belong to the split of the use case, as far as they are given."""
        return {name: value for name, value in (self.model_extra or {}).items() if value is not None}


Request = TypeVar("Request", bound=BaseModel)


def parse_request(model: type[Request], payload: object) -> Request:
    """Validate a payload; every problem is named by its field.

    Raises:
        InputError: ``field: reason`` for each bad field, joined by semicolons.
    """
    try:
        return model.model_validate(payload)
    except ValidationError as err:
        raise InputError("; ".join(_problem(e) for e in err.errors())) from err


def use_case_of(execution_input: str | None) -> str:
    """Return the use case that an execution's input names, itself or for its step; else the default."""
    asked = json.loads(execution_input or "{}")
    asked = asked.get("input", asked) if isinstance(asked, dict) else {}
    return str(asked.get("use_case", DEFAULT_USE_CASE)) if isinstance(asked, dict) else DEFAULT_USE_CASE


def _problem(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"]) or "input"
    return f"{field}: {error['msg']} (got {error['input']!r})"[:500]
