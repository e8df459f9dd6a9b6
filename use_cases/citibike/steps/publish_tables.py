"""Step ``publish-tables``: count what is kept, put it into the tables and report the load."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bikecast.errors import DataError
from bikecast.requests import parse_request
from training_job.runtime.context import Context
from use_cases.citibike.tables.publish import publish_tables

logger = logging.getLogger(__name__)


class PublishInput(BaseModel):
    """Groups whose months are counted and keys of weather files; all of them if absent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: tuple[str, ...] | None = None
    weather: tuple[str, ...] | None = None


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Publish the groups' months and return the load report.

    Raises:
        DataError: More than 1 % of the hours have no weather, or none of the files could be read.
    """
    request = parse_request(PublishInput, dict(payload))
    report = publish_tables(context.data, request.months, weather_keys=request.weather, now=context.clock())
    if report.problems and not report.sources:
        first, why = next(iter(report.problems.items()))
        raise DataError(f"none of {len(report.problems)} files could be read; the first: {first}: {why}")
    told = report.model_dump(mode="json")
    logger.info("tables published", extra={"report": told})
    return told
