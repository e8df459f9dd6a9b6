"""Whether promotion is paused: severe drift pauses it until a person resumes it."""

from pydantic import BaseModel, ConfigDict, ValidationError

from bikecast.names import AUTOMATION_KEY
from bikecast.storage import MissingObjectError, ObjectStore


class Automation(BaseModel):
    """The part of the switch that promotion needs to know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    paused: bool
    reason: str = "no reason given"


def paused(store: ObjectStore) -> str | None:
    """Return why promotion is paused, or None; a switch that cannot be read counts as paused."""
    try:
        switch = Automation.model_validate_json(store.read(AUTOMATION_KEY).body)
    except MissingObjectError:
        return None
    except ValidationError:
        return f"{store.uri(AUTOMATION_KEY)} cannot be read"
    return switch.reason if switch.paused else None
