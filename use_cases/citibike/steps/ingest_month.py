"""Step ``ingest-month``: keep the rides of months, each a group of raw files."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.requests import parse_request
from training_job.runtime.context import Context
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.sources import stored_sources

logger = logging.getLogger(__name__)


class Month(BaseModel):
    """One group of the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    month: str
    keys: tuple[str, ...]
    force: bool = False


class IngestMonthInput(BaseModel):
    """The groups that one container reads, one after the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: tuple[Month, ...] = Field(min_length=1)


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Load the months' files and return their reports.

    A file that cannot be read is a result, not an error: it holds back its own month while the others
    go on, and ``publish-tables`` names it in the load's report. Started again after it was lost, the step
    passes over the months that it had loaded: their files have not changed.
    """
    request = parse_request(IngestMonthInput, dict(payload))
    return {"months": [_load(context, month) for month in request.months]}


def _load(context: Context, month: Month) -> dict[str, Any]:
    report = ingest_month(
        context.data,
        month.month,
        stored_sources(context.data, month.keys),
        force=month.force,
        progress=lambda name: logger.info("file read", extra={"file": name}),
    )
    for name, problem in report.problems.items():
        logger.error("a file cannot be read", extra={"file": name, "problem": problem})
    return report.model_dump(mode="json")
