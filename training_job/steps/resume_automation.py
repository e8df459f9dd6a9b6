"""Step ``resume-automation``: a person allows promotion again, with a reason that is kept."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.database import connect
from bikecast.monitoring.findings.summary import write_summary
from bikecast.names import Event
from bikecast.registry.automation import resume
from bikecast.requests import parse_request
from training_job.migrations import migrate
from training_job.runtime.context import Context

APPLICATION = "resume-automation"


class ResumeInput(BaseModel):
    """Why the automation may go on, and who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=1000)
    actor: str = Field("a person", min_length=1, max_length=200)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return whether promotion had been paused, and the event to publish if so."""
    request = parse_request(ResumeInput, dict(payload))
    migrate(context.database)
    now = context.clock()
    with connect(context.database, application=APPLICATION) as connection:
        changed = resume(
            context.serving,
            connection,
            use_case=context.use_case,
            reason=request.reason,
            actor=request.actor,
            now=now,
        )
        connection.commit()
        write_summary(context.use_case, context.serving, context.reports, connection, now=now)
    detail = {"reason": request.reason, "actor": request.actor}
    event = {"detail_type": Event.AUTOMATION_RESUMED.value, "detail": detail}
    return {"resumed": changed, "events": [event] if changed else []}
