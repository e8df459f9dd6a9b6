"""Step ``close-incident``: a person closes one incident, with a reason that is kept."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.database import connect
from bikecast.monitoring.findings.incidents import close_incident
from bikecast.monitoring.findings.summary import write_summary
from bikecast.requests import parse_request
from training_job.migrations import migrate
from training_job.runtime.context import Context


class CloseInput(BaseModel):
    """Which incident, why, and who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    incident: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=1, max_length=1000)
    actor: str = Field("a person", min_length=1, max_length=200)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the incident that was closed.

    Raises:
        InputError: There is no such incident, or it is closed already.
    """
    request = parse_request(CloseInput, dict(payload))
    migrate(context.database)
    now = context.clock()
    with connect(context.database, application="close-incident") as connection:
        close_incident(connection, request.incident, reason=request.reason, actor=request.actor, now=now)
        connection.commit()
        write_summary(context.use_case, context.serving, context.reports, connection, now=now)
    return {"closed": request.incident, "reason": request.reason}
