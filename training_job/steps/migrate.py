"""Step ``migrate``: bring the database to the newest schema."""

from collections.abc import Mapping
from typing import Any

from training_job.migrations import migrate
from training_job.runtime.context import Context


def run(context: Context, payload: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - every step is called alike
    """Migrate; harmless to repeat."""
    migrate(context.database)
    return {"migrated": True}
