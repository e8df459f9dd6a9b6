"""Fixtures that any test may ask for; each starts only when asked."""

import os

from tests.postgres import database, postgres

__all__ = ["database", "postgres"]

# The stacks name it; the functions' metrics read it when they are imported, before any fixture runs.
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "bikecast")
