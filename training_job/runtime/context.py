"""Stores, database, registry and clock of one step, put together once."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bikecast.database import DatabaseSettings
from bikecast.names import DEFAULT_USE_CASE, use_case_prefix
from bikecast.storage import ObjectStore
from training_job.runtime.settings import JobSettings

if TYPE_CHECKING:
    from training_job.registry.protocol import Registry


def utc_now() -> dt.datetime:
    """Return the instant, aware."""
    return dt.datetime.now(dt.UTC)


def open_mlflow(context: "Context") -> "Registry":
    """Open MLflow's registry; importing MLflow takes seconds, so only steps that need it do."""
    from training_job.registry.mlflow_registry import MlflowRegistry
    from training_job.registry.tracking import open_client

    return MlflowRegistry(open_client(context), context)


@dataclass(frozen=True)
class Context:
    """The use case, stores, database, registry and clock of one run.

    ``serving``, ``artifacts`` and ``reports`` are the use case's own parts of their buckets; ``search_file``
    takes the place of its own.
    """

    data: ObjectStore
    artifacts: ObjectStore
    serving: ObjectStore
    reports: ObjectStore
    database: DatabaseSettings
    code_version: str
    use_case: str = DEFAULT_USE_CASE
    clock: Callable[[], dt.datetime] = utc_now
    search_file: Path | None = None
    open_registry: Callable[["Context"], "Registry"] = open_mlflow


def build_context(settings: JobSettings, *, use_case: str = DEFAULT_USE_CASE) -> Context:
    """Connect to the buckets that the settings name."""
    import boto3
    from botocore.config import Config

    from bikecast.storage import S3Store, ScopedStore

    prefix = use_case_prefix(use_case)
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "max_attempts": 5}))
    return Context(
        data=S3Store(client, settings.data_bucket),
        artifacts=ScopedStore(S3Store(client, settings.artifacts_bucket), prefix),
        serving=ScopedStore(S3Store(client, settings.serving_bucket), prefix),
        reports=ScopedStore(S3Store(client, settings.reports_bucket), prefix),
        use_case=use_case,
        database=settings.database,
        code_version=settings.code_version,
    )
