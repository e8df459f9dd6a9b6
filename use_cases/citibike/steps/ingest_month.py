"""Step ``ingest-month``: keep the rides of one group of raw files."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from bikecast.requests import parse_request
from training_job.runtime.context import Context
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.sources import stored_sources

logger = logging.getLogger(__name__)


class IngestMonthInput(BaseModel):
    """One group of the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: str
    keys: tuple[str, ...]
    force: bool = False


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Load the group's files and return its report.

    A file that cannot be read is a result, not an error: it holds back its own month while the others
    go on, and ``publish-tables`` names it in the load's report.
    """
    request = parse_request(IngestMonthInput, dict(payload))
    report = ingest_month(
        context.data,
        request.month,
        stored_sources(context.data, request.keys),
        force=request.force,
        progress=lambda name: logger.info("file read", extra={"file": name}),
    )
    for name, problem in report.problems.items():
        logger.error("a file cannot be read", extra={"file": name, "problem": problem})
    return report.model_dump(mode="json")
